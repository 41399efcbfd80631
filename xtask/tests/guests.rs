//! Guests of every language, as a user runs and inspects them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;
use std::time::Duration;

use common::{root, xtask};
use serde_json::{Value, json};
use test_support::until;
use wasm_runtime::{CallError, CleanedBy, Compiler, Limit, Limits, Op, PoolConfig, WasmRuntime};

#[test]
fn our_own_guests_pass_all_conformance_cases() {
    let (passed, stdout, stderr) = xtask(&["conformance"]);
    assert!(passed, "{stdout}{stderr}");
    let header: Vec<_> = stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        header,
        ["python", "rust", "rust-no-wasi", "javascript", "c"]
    );
    for line in stdout.lines().skip(1) {
        let mut counts = line.split_whitespace().skip(1);
        let all_pass = counts.all(|count| {
            let (passed, cases) = count.split_once('/').unwrap();
            passed == cases
        });
        assert!(all_pass, "{line}");
    }
}

#[test]
fn a_guest_that_is_wrong_fails_by_name() {
    let path = root().join("guest-glue/python/conformance.json");
    let mut data: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let lambda = |source: &str| json!({"ty": "lambda", "source": source});
    data["echo"] = lambda("lambda x: float(x) if isinstance(x, int) and x > 2**53 else x");
    data["count"] = lambda("lambda x: 1");
    data["ask_many"] = lambda("lambda n, ctx: [ctx.hostcall('ask', n) for _ in range(n - 1)][-1]");
    data["ask_missing"] = lambda("lambda x: 'op_404'");
    data["broken"] = lambda("lambda x: x");
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.json");
    fs::write(&wrong, data.to_string()).unwrap();

    let guest = "target/guest/python.wasm";
    let (passed, stdout, stderr) =
        xtask(&["conformance", guest, "--data", wrong.to_str().unwrap()]);
    assert!(!passed, "{stdout}");
    for failure in [
        "python.wasm · json · integers beyond 2^53\n  op `echo` with 9007199254740993: expected 9007199254740993, got 9007199254740992.0",
        "python.wasm · state · calls on one instance share its state\n  op `count` with null: expected 2, got 1",
        "python.wasm · hostcall · 1,000 hostcalls in one call\n  op `ask_many` with 1000: 1 expected hostcalls were not made",
        "python.wasm · hostcall · an op that the host does not have\n  op `ask_missing` with null: 1 expected hostcalls were not made",
        "python.wasm · init · after a set-up that failed nothing is registered",
        "python.wasm · init · an op whose set-up fails is named and says why\n  init: expected other with \"broken\" and \"set up to fail\" in it, got success",
    ] {
        assert!(stdout.contains(failure), "{failure}\nis not in\n{stdout}");
    }
    assert_eq!(stdout.matches("FAILED").count(), 6, "{stdout}");
    assert!(stderr.ends_with("error: 6 cases failed\n"), "{stderr}");
}

#[test]
fn typed_functions_in_rust() {
    let call = |args: &[&str]| xtask(&[&["call", "target/guest/rust-shop.wasm"], args].concat());
    let (_, stdout, _) = call(&["greet", "\"Ada\""]);
    assert_eq!(stdout, "\"Hello, Ada!\"\n");
    let (_, stdout, _) = call(&["discount", "50", "--data", r#"{"percent": 10}"#]);
    assert_eq!(stdout, "45.0\n");
    for (args, expected) in [
        (
            &["nth", r#"[["a", "b"], 7]"#][..],
            "error: op `nth` failed: panicked at guest-glue/rust/examples/shop.rs:",
        ),
        (
            &["greet", "7"],
            "error: op `greet` failed: invalid input: invalid type: integer `7`, expected a string",
        ),
        (
            &["total", r#"[{"sku": "x", "quantity": 0}]"#],
            "error: op `total` failed: none of `x` ordered",
        ),
        (
            &["total", r#"[{"sku": "x", "quantity": 1}]"#],
            "error: op `total` failed: op_404: the host has no op `price`",
        ),
        (
            &["discount", "1", "--data", r#"{"percent": 110}"#],
            "error: init: op `discount`: a discount of 110 %",
        ),
        (
            &["discount", "1", "--data", "10"],
            "error: init: the guest refused op `discount`",
        ),
    ] {
        let (passed, stdout, stderr) = call(args);
        assert_eq!((passed, stdout.as_str()), (false, ""));
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// Also those that print, which takes handles.
#[test]
fn guests_of_most_languages_are_reset_between_calls() {
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let runtime = WasmRuntime::builder()
        .compiler(Compiler::InProcess)
        .pool(PoolConfig::default().instances(1).verify(true))
        .build()
        .unwrap();
    let python = json!({"ty": "lambda", "source": "lambda name: print(name, 'comes in') or f'Hello, {name}!'"});
    let javascript =
        json!({"ty": "lambda", "source": "name => (console.log(name), `Hello, ${name}!`)"});
    for (guest, op, data, cleaned_by) in [
        ("rust-shop", "greet", Value::Null, CleanedBy::Reset),
        ("rust-no-wasi", "echo", Value::Null, CleanedBy::Reset),
        ("c", "echo", Value::Null, CleanedBy::Reset),
        ("python", "greet", python, CleanedBy::Reset),
        ("javascript", "greet", javascript, CleanedBy::FreshInstance),
    ] {
        let before = runtime.stats();
        tokio.block_on(async {
            let path = root().join(format!("target/guest/{guest}.wasm"));
            let component = runtime.component_from_path(path).await.unwrap();
            let program = component
                .program([Op::new(op).with_data(&data)])
                .build()
                .await;
            let program = program.unwrap();
            let function = program.function(op).unwrap();
            for name in ["Ada", "Grace", "Alan"] {
                let call = function.call::<_, String>(name);
                let (answer, receipt) = call.with_receipt().await;
                let answer = answer.unwrap();
                assert!(answer.ends_with(name) || answer.ends_with(&format!("{name}!")));
                assert_eq!(receipt.cleaned_by, Some(cleaned_by), "{guest}");
                let printed = receipt.output.to_string();
                let prints = op == "greet";
                assert_eq!(prints, printed.contains(name), "{guest}: {printed}");
            }
            until("the instance is back", || runtime.stats().idle > 0).await;
        });
        let after = runtime.stats();
        if cleaned_by == CleanedBy::Reset {
            assert_eq!(after.discarded, before.discarded, "{guest}");
            assert!(after.resets >= before.resets + 3, "{guest}: {after:?}");
        }
    }
}

/// Also in nested components, which the JavaScript guest has.
#[test]
fn endless_loops_are_stopped_in_all_languages() {
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let limits = Limits::default().cpu_time(Duration::from_millis(50));
    let limits = limits.wall_time(Duration::from_secs(300));
    let runtime = WasmRuntime::builder()
        .compiler(Compiler::InProcess)
        .build()
        .unwrap();
    let python =
        json!({"ty": "def", "func_name": "loop", "source": "def loop(_):\n  while True: pass"});
    let javascript = json!({"ty": "lambda", "source": "() => { for (;;) {} }"});
    for (guest, data) in [("python", python), ("javascript", javascript)] {
        tokio.block_on(async {
            let path = root().join(format!("target/guest/{guest}.wasm"));
            let component = runtime.component_from_path(path).await.unwrap();
            let program = component.program([Op::new("loop").with_data(&data)]);
            let program = program.build().await.unwrap();
            let function = program.function("loop").unwrap();
            let error = function.call_raw("null").limits(limits).await.unwrap_err();
            let CallError::Limit { exceeded, .. } = error else {
                panic!("{guest}: {error}")
            };
            assert_eq!(exceeded.limit, Limit::CpuTime, "{guest}");
        });
    }
}

#[test]
fn inspect_shows_components_and_archives() {
    let has = |file: &str, expected: &[&str]| {
        let (passed, stdout, stderr) = xtask(&["inspect", &format!("target/guest/{file}")]);
        assert!(passed, "{stderr}");
        for part in expected {
            assert!(stdout.contains(part), "no {part:?} in\n{stdout}");
        }
    };
    has(
        "python.wasm",
        &[
            "libpython3.14.so",
            "dialect         v1",
            "wasi:random/random@0.2",
            "metatype:wit-wire/mat-wire",
            "reset in place  possible",
        ],
    );
    has(
        "rust-no-wasi.wasm",
        &["imports         metatype:wit-wire/typegate-wire\nexports"],
    );
    has(
        "javascript.wasm",
        &[
            "reset in place  impossible: ",
            "linear memories",
            "nested components",
        ],
    );
    has(
        "python.aot",
        &["archive", "wasmtime", "48.0", "interrupts=flag"],
    );

    let (passed, _, stderr) = xtask(&["inspect", "README.md"]);
    assert!(!passed && stderr.contains("README.md"), "{stderr}");
}
