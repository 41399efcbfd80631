//! Calls: what goes in and out, what they see of each other, and what ends them.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::host;
use crate::common::{self, component, program};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wit_wire_host::{
    CallError, CleanedBy, HostcallContext, HostcallError, Isolation, Limit, Limits, Meter, Op,
    Phase, Program, ProgramError,
};

async fn shared() -> Program {
    let component = component(host());
    let ops = ["count", "trap", "echo"].map(Op::new);
    component
        .program(ops)
        .isolation(Isolation::Shared)
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn values_types_and_raw_json_go_through() {
    let program = program(host(), &[]).await;
    let echo = program.function("echo").unwrap();
    let value = json!({"text": "žluťoučký 🐴", "big": 9_007_199_254_740_993_u64, "list": [null, true, 1.5]});
    let same: Value = echo.call(&value).await.unwrap();
    assert_eq!(same, value);
    let typed: (String, Option<i64>) = echo.call(&("a", Some(-1))).await.unwrap();
    assert_eq!(typed, ("a".to_owned(), Some(-1)));
    assert_eq!(
        echo.call_raw("not read by the host").await.unwrap(),
        "not read by the host"
    );

    let error = echo.call::<_, u8>(&json!("text")).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Decode { op, .. } if op == "echo"),
        "{error}"
    );
    let keyed_by_list = std::collections::HashMap::from([(vec![1], 2)]);
    let error = echo.call::<_, Value>(&keyed_by_list).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Encode { op, .. } if op == "echo"),
        "{error}"
    );
}

#[tokio::test]
async fn the_guests_errors_keep_their_kind() {
    let program = program(host(), &["other"]).await;
    let call = async |op: &str| {
        program
            .function(op)
            .unwrap()
            .call_raw("\"x\"")
            .await
            .unwrap_err()
    };
    let bad = call("bad").await;
    assert!(
        matches!(&bad, CallError::InvalidInput { op, message } if op == "bad" && message == "\"x\""),
        "{bad:?}"
    );
    let other = call("other").await;
    assert!(
        matches!(&other, CallError::NoHandler { op } if op == "other"),
        "{other:?}"
    );
    // The sentence on purpose: it is what most users see of a hostcall's error.
    assert_eq!(
        call("h:add").await.to_string(),
        r#"op `h:add` failed: {"code":"op_404","message":"the host has no op `h:add`"}"#
    );
    match program.function("nothing") {
        Err(ProgramError::UnknownOp { op, known }) => {
            assert_eq!(op, "nothing");
            assert_eq!(known, [common::ALL_OPS.as_slice(), &["other"]].concat());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_receipt_says_what_was_used() {
    let program = program(host(), &[]).await;
    let (result, receipt) = program
        .function("echo")
        .unwrap()
        .call_raw("[1, 2]")
        .with_receipt()
        .await;
    assert_eq!(result.unwrap(), "[1, 2]");
    assert_eq!(
        (receipt.bytes_in, receipt.bytes_out, receipt.hostcalls),
        (6, 6, 0)
    );
    assert_eq!(
        (receipt.isolation, receipt.cold, receipt.memory),
        (
            Isolation::PerCall,
            super::CLEANED_BY == CleanedBy::FreshInstance,
            65536
        )
    );
    assert_eq!(receipt.cleaned_by, Some(super::CLEANED_BY));
    assert!(
        receipt.wall_time > Duration::ZERO && receipt.cpu_time > Duration::ZERO,
        "{receipt:?}"
    );

    let (result, receipt) = program
        .function("h:add")
        .unwrap()
        .call_raw("[1, 2]")
        .with_receipt()
        .await;
    assert!(result.is_err());
    assert_eq!(
        (receipt.bytes_in, receipt.bytes_out, receipt.hostcalls),
        (6, 0, 1)
    );
}

#[tokio::test]
async fn a_call_sees_what_init_left_and_shared_calls_see_each_other() {
    let count = program(host(), &[]).await.function("count").unwrap();
    for _ in 0..3 {
        assert_eq!(count.call_raw("").await.unwrap(), "1");
    }
    let program = shared().await;
    let count = program.function("count").unwrap();
    assert_eq!(count.call_raw("").await.unwrap(), "1");
    let (second, receipt) = count.call_raw("").with_receipt().await;
    assert_eq!(second.unwrap(), "2");
    assert!(!receipt.cold);
    // A crash loses the state and not the program.
    program
        .function("trap")
        .unwrap()
        .call_raw("")
        .await
        .unwrap_err();
    let (again, receipt) = count.call_raw("").with_receipt().await;
    assert_eq!(again.unwrap(), "1");
    assert!(receipt.cold);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_at_once_each_get_their_own_answer() {
    for program in [program(host(), &[]).await, shared().await] {
        let mut calls = JoinSet::new();
        for i in 0..100 {
            let echo = program.function("echo").unwrap();
            calls.spawn(async move { (i, echo.call::<_, i32>(&i).await.unwrap()) });
        }
        let mut answered = 0;
        while let Some(answer) = calls.join_next().await {
            let (given, got) = answer.unwrap();
            assert_eq!(given, got);
            answered += 1;
        }
        assert_eq!(answered, 100);
    }
}

/// Each guest misbehaves in its own way, and the error says in which; the next call works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaviour_costs_the_instance_and_not_the_process() {
    let limits = Limits::default()
        .cpu_time(Duration::from_millis(50))
        .memory(8 << 20)
        .hostcalls(5);
    let host = host()
        .limits(limits)
        .hostcall("f:ok", async |_: HostcallContext, _: Value| {
            Ok::<_, HostcallError>(Value::Null)
        });
    let program = program(host, &["f:ok"]).await;
    // The sentences on purpose: these errors are the ones that people read.
    let cases = [
        (
            "loop",
            "limit_cpu_time",
            "handle of op `loop`: CPU time limit of 50 ms exceeded",
        ),
        (
            "trap",
            "trap",
            "handle of op `trap`: the guest crashed: wasm trap: wasm `unreachable` instruction executed (it aborted; its stderr may say why)",
        ),
        (
            "recurse",
            "trap",
            "handle of op `recurse`: the guest crashed: wasm trap: call stack exhausted (by recursion, or by values that are nested too deep)",
        ),
        (
            "grow",
            "limit_memory",
            "handle of op `grow`: memory limit exceeded: 8454144 bytes, limit 8388608",
        ),
        (
            "utf8",
            "error",
            "handle of op `utf8`: the run could not continue",
        ),
        (
            "f:ok",
            "limit_hostcalls",
            "handle of op `f:ok`: hostcall limit exceeded: 6 hostcalls, limit 5",
        ),
    ];
    let echo = program.function("echo").unwrap();
    for (op, kind, message) in cases {
        let error = program.function(op).unwrap().call_raw("1").await;
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
        assert_eq!(echo.call_raw("1").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn sizes_are_limited_in_both_directions() {
    let limits = Limits::default()
        .input(10)
        .output(5)
        .error(4)
        .hostcall_payload(7);
    let host = host().limits(limits);
    let program = program(host, &[]).await;
    let call = async |op: &str, input: &str| {
        let error = program
            .function(op)
            .unwrap()
            .call_raw(input)
            .await
            .unwrap_err();
        let CallError::Limit {
            op: Some(named),
            phase: Phase::Handle,
            exceeded,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(named, op);
        (exceeded.limit, exceeded.allowed, exceeded.requested)
    };
    assert_eq!(
        call("echo", "01234567890").await,
        (Limit::Input, 10, Some(11))
    );
    assert_eq!(call("echo", "012345").await, (Limit::Output, 5, Some(6)));
    assert_eq!(
        call("h:add", "01234567").await,
        (Limit::HostcallPayload, 7, Some(13))
    );
    assert_eq!(call("bad", "01234").await, (Limit::Error, 4, Some(5)));
    let generous = limits.input(100).output(100);
    let echo = program.function("echo").unwrap();
    assert_eq!(
        echo.call_raw("01234567890").limits(generous).await.unwrap(),
        "01234567890"
    );
}

#[tokio::test]
async fn an_output_of_too_many_values_is_not_parsed() {
    let program = program(host(), &[]).await;
    let echo = program.function("echo").unwrap();
    let many = format!("[{}0]", "0,".repeat(300_000));
    let error = echo
        .call_raw(&*many)
        .limits(Limits::default().json_nodes(usize::MAX))
        .await;
    assert_eq!(error.unwrap(), *many, "what is not parsed may be anything");
    let numbers: Vec<u8> = vec![0; 300_001];
    let (error, _) = echo.call::<_, Vec<u8>>(&numbers).with_receipt().await;
    let CallError::Limit { exceeded, .. } = error.unwrap_err() else {
        panic!("no limit")
    };
    assert_eq!(
        (exceeded.limit, exceeded.allowed),
        (Limit::JsonNodes, 250_000)
    );
    let generous = Limits::default().json_nodes(300_002);
    let parsed = echo.call::<_, Vec<u8>>(&numbers).limits(generous).await;
    assert_eq!(parsed.unwrap(), numbers);
    // The limit holds for short texts, too.
    let few = Limits::default().json_nodes(3);
    let error = echo.call::<_, Vec<u8>>(&[0, 0, 0]).limits(few).await;
    assert!(
        matches!(&error, Err(CallError::Limit { exceeded, .. }) if exceeded.limit == Limit::JsonNodes),
        "{error:?}"
    );
    assert!(echo.call::<_, Vec<u8>>(&[0, 0]).limits(few).await.is_ok());
    // A text of the same length has one.
    let text = "[,".repeat(300_000);
    assert_eq!(echo.call::<_, String>(&text).await.unwrap(), text);
}

#[tokio::test]
async fn wall_time_ends_a_call_that_waits_or_loops() {
    let host = host().hostcall("h:wait", async |_: HostcallContext, _: Value| {
        std::future::pending::<Result<Value, HostcallError>>().await
    });
    let program = program(host, &["h:wait"]).await;
    let short = Limits::default().wall_time(Duration::from_millis(30));
    // In which phase is the machine's affair: a busy one is slow to build an instance.
    let out_of_time = |error: &CallError| match error {
        CallError::Limit { exceeded, .. } => {
            [Limit::WallTime, Limit::Deadline].contains(&exceeded.limit)
        }
        _ => false,
    };
    for op in ["h:wait", "loop"] {
        let function = program.function(op).unwrap();
        let error = function.call_raw("1").limits(short).await.unwrap_err();
        assert!(out_of_time(&error), "{error}");
        let soon = Instant::now() + Duration::from_millis(30);
        let error = function.call_raw("1").deadline(soon).await.unwrap_err();
        assert!(out_of_time(&error), "{error}");
    }
}

#[tokio::test]
async fn a_dropped_call_ends_its_instance_and_no_other() {
    let component = component(host());
    let run = Meter::new(Limits::default());
    let mut instance = component.instantiate(&run).await.unwrap();
    instance
        .init(&run, &[Op::new("loop")], "0.0.1")
        .await
        .unwrap();
    assert!(instance.is_alive());
    let op = "loop".into();
    {
        // The guest gives its thread back at the next tick, and is then dropped in the middle of
        // its loop.
        let mut call = pin!(instance.handle(&run, &op, "1"));
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    assert!(!instance.is_alive());
    let error = instance
        .handle(&run, &"loop".into(), "1")
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::InstanceEnded), "{error}");
}

#[tokio::test]
async fn ops_are_initialised_once_under_names_of_their_own() {
    let component = component(host());
    let run = Meter::new(Limits::default());
    let mut instance = component.instantiate(&run).await.unwrap();
    instance
        .init(&run, &[Op::new("echo")], "0.0.1")
        .await
        .unwrap();
    let error = instance
        .init(&run, &[Op::new("echo")], "0.0.1")
        .await
        .unwrap_err();
    assert!(
        matches!(error, ProgramError::Run(CallError::AlreadyInitialised)),
        "{error}"
    );
    assert_eq!(
        instance.handle(&run, &"echo".into(), "1").await.unwrap(),
        "1"
    );

    let error = component
        .program(["echo", "echo"].map(Op::new))
        .build()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ProgramError::DuplicateOp(op) if op == "echo"),
        "{error}"
    );
    let error = component
        .program([Op::new("wit-wire:batch")])
        .build()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ProgramError::ReservedOp(op) if op == "wit-wire:batch"),
        "{error}"
    );
}

#[test]
fn the_blocking_form_works_outside_async_code_and_says_so_inside() {
    let component = component(host());
    let program = component
        .program([Op::new("echo")])
        .build_blocking()
        .unwrap();
    let echo = program.function("echo").unwrap();
    assert_eq!(echo.call::<_, i32>(&7).run_blocking().unwrap(), 7);

    let tokio = tokio::runtime::Runtime::new().unwrap();
    let error = tokio
        .block_on(async { echo.call::<_, i32>(&7).run_blocking() })
        .unwrap_err();
    assert!(matches!(error, CallError::BlockingInAsync), "{error}");
    // Outside tokio the async form is an error and no panic.
    let shared = component
        .program([Op::new("echo")])
        .isolation(Isolation::Shared)
        .build_blocking()
        .unwrap();
    for function in [echo, shared.function("echo").unwrap()] {
        let mut call = pin!(function.call::<_, i32>(&7).with_receipt());
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let std::task::Poll::Ready((Err(error), _)) = poll else {
            panic!("{poll:?}")
        };
        assert!(matches!(error, CallError::NoRuntime), "{error}");
    }
}

#[tokio::test]
async fn a_call_without_time_is_not_begun() {
    let echo = program(host(), &[]).await.function("echo").unwrap();
    let error = echo
        .call_raw("1")
        .deadline(Instant::now())
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Limit { exceeded, .. } if exceeded.allowed == 0),
        "{error}"
    );
    let none = Limits::default().wall_time(Duration::ZERO);
    echo.call_raw("1").limits(none).await.unwrap_err();
    let endless = Limits::default()
        .wall_time(Duration::MAX)
        .cpu_time(Duration::MAX);
    assert_eq!(echo.call_raw("1").limits(endless).await.unwrap(), "1");

    // Nor is the state of a shared instance lost for it.
    let ops = common::ALL_OPS.map(Op::new);
    let program = common::component(host()).program(ops);
    let program = program.isolation(Isolation::Shared).build().await.unwrap();
    let count = program.function("count").unwrap();
    assert_eq!(count.call_raw("1").await.unwrap(), "1");
    count
        .call_raw("1")
        .deadline(Instant::now())
        .await
        .unwrap_err();
    assert_eq!(count.call_raw("1").await.unwrap(), "2");
}

#[tokio::test]
async fn a_guest_that_knows_of_no_profiles_says_so() {
    let echo = program(host(), &[]).await.function("echo").unwrap();
    let (failed, receipt) = echo.call_raw("1").profiled().with_receipt().await;
    assert!(
        matches!(&failed, Err(CallError::NoProfile { op }) if op == "echo"),
        "{failed:?}"
    );
    assert_eq!(receipt.profile, None);
}
