//! Threads that are none: what a thread would do runs while the code that started it waits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use python_runtime::{Function, PythonRuntime, PythonSource, Stream};
use serde_json::{Value, json};

const SOURCE: &str = include_str!("threads/program.py");

async fn call() -> Function {
    let runtime = PythonRuntime::builder().build().unwrap();
    let source = PythonSource::def("call", SOURCE);
    runtime.function(source).await.unwrap()
}

#[tokio::test]
async fn programs_with_threads_do_what_they_do_with_threads() {
    let expected = json!({
        "an_executor_runs_at_once":
            [[true, true, false], 32, "ZeroDivisionError", [0, 1, 4], 3, [1, 2]],
        "a_worker_is_a_thread": [
            [["pool_0", true, "worker", "nothing"], ["pool_0", true, "worker", "nothing"]],
            "call",
            2
        ],
        "a_worker_that_can_not_begin": [
            "BrokenThreadPool",
            "A thread initializer failed, the thread pool is not usable anymore"
        ],
        "a_pool_that_has_ended": "cannot schedule new futures after shutdown",
        "pools_of_multiprocessing": [[1, 2], 32, [4, 5]],
        "a_thread_has_run_when_it_is_joined": [
            [[true, true, true], [], 5],
            [[0, "t0", true], [1, "t1", true], [2, "t2", true]],
            [false, false, false],
            2
        ],
        "workers_of_a_queue": [[0, 2, 4, 6, 8], [0, 2, 4, 6, 8, 10], false],
        "workers_that_wait_for_a_time": ["a"],
        "a_queue_that_is_full": [0, 1, 2, 3, 4, 5],
        "locks_exclude": [10, 10],
        "threads_that_meet": ["met", "met", "met", "item"],
        "a_timer": true,
        "a_service_that_is_stopped": [true, false],
        "a_program_that_polls": [[1], false],
        "an_error_in_a_thread": [["ZeroDivisionError", "t"]],
        "a_thread_of_the_old_kind": [1],
        "values_of_a_threads_own": [[[[1], false]], 2, 3],
        "what_can_not_end_is_an_error": [
            "deadlock", false, false, "deadlock", "deadlock", "deadlock", "deadlock", false, "empty"
        ],
        "a_task_that_waits_for_what_comes_later": "deadlock",
        "threads_of_a_loop": [
            [
                ["the task's", false, "inner"],
                ["nothing", false, "inner"],
                ["nothing", false, "inner"]
            ],
            "the task's",
            "told"
        ],
        "a_service_that_began_at_load": ["one", "two"],
    });
    let call = call().await;
    for (name, expected) in expected.as_object().unwrap() {
        let found: Value = call.call(name).await.unwrap();
        assert_eq!(&found, expected, "{name}");
    }
}

/// As a program does, which waits for all but daemons.
#[tokio::test]
async fn a_call_ends_when_its_threads_have() {
    let call = call().await;
    let name = "a_call_ends_with_its_threads";
    let (result, receipt) = call.call::<_, Value>(&name).with_receipt().await;
    result.unwrap();
    let printed = receipt.output.text(Stream::Stdout);
    assert!(printed.starts_with("first\n"), "{printed}");
    assert!(printed.contains("late\n"), "{printed}");
}
