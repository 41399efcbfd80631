//! The commands of the README, as a user types them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::xtask;

#[test]
fn run_prints_the_result_alone_on_stdout_and_a_receipt_on_stderr() {
    let (passed, stdout, stderr) = xtask(&["run", "examples/hello.py:greet", r#"{"name": "Ada"}"#]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout, "\"Hello, Ada!\"\n");
    assert!(
        stderr.contains("receipt: ") && stderr.contains("0 hostcalls"),
        "{stderr}"
    );
}

#[test]
fn run_fails_with_the_error_as_python_prints_it() {
    let (passed, stdout, stderr) = xtask(&["run", "examples/hello.py:greet", "{}"]);
    assert_eq!((passed, stdout.as_str()), (false, ""));
    assert!(
        stderr.contains("File \"hello.py\", line 2, in greet"),
        "{stderr}"
    );
    assert!(stderr.ends_with("KeyError: 'name'\n"), "{stderr}");
}

#[test]
fn call_runs_an_op_of_any_component() {
    let data = r#"{"ty": "lambda", "source": "lambda x: -x"}"#;
    let (passed, stdout, stderr) = xtask(&[
        "call",
        "target/guest/python.wasm",
        "negate",
        "-5",
        "--data",
        data,
    ]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout, "5\n");
}
