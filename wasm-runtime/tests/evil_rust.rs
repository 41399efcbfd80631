//! An evil guest in Rust (`guest-glue/rust/examples/evil.rs`), under both ways to clean state: what
//! its callers see, and that no other call notices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wasm_runtime::{
    CacheFolder, CallError, Compiler, Limits, Op, PoolConfig, Program, ResetPolicy, WasmRuntime,
};

const MIB: usize = 1 << 20;

fn limits() -> Limits {
    Limits::default()
        .memory(64 * MIB)
        .hostcalls(1_000)
        .wall_time(Duration::from_secs(300))
        .cpu_time(Duration::from_secs(60))
        .wait(Duration::from_secs(300))
}

async fn program(clean_state: ResetPolicy, ops: &[&str]) -> (WasmRuntime, Program) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/rust-evil.wasm");
    assert!(path.is_file(), "`cargo xtask test` builds the guest first");
    let pool = PoolConfig::default().reset(clean_state).verify(true);
    let builder = WasmRuntime::builder()
        .compiler(Compiler::InProcess)
        .pool(pool)
        .limits(limits());
    let runtime = builder.cache_folder(CacheFolder::None).build().unwrap();
    let component = runtime.component_from_path(path).await.unwrap();
    let ops = ops.iter().map(|op| Op::new(*op));
    let program = component.program(ops).build().await.unwrap();
    (runtime, program)
}

/// What a caller sees, in one line.
fn told(result: Result<Value, CallError>) -> String {
    match result {
        Ok(answer) => format!("ok {answer}"),
        Err(CallError::Limit { exceeded, .. }) => {
            format!("limit {:?} {}", exceeded.limit, exceeded.allowed)
        }
        Err(CallError::Trap { reason, .. }) => format!("trap: {reason}"),
        Err(CallError::Exit { code, .. }) => format!("exit {code}"),
        Err(CallError::Handler { message, .. }) => format!("handler: {message}"),
        Err(CallError::Panicked { message, .. }) => message,
        Err(other) => format!("error: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evil_rust_guest_harms_itself_alone() {
    let unreachable = "trap: wasm trap: wasm `unreachable` instruction executed";
    let memory = "limit Memory 67108864";
    let cases = [
        (
            "panic",
            json!(0),
            "panicked at guest-glue/rust/examples/evil.rs:",
        ),
        (
            "panic_at_length",
            json!(0),
            "panicked at guest-glue/rust/examples/evil.rs:",
        ),
        (
            "panic_in_drop",
            json!(0),
            "panicked at guest-glue/rust/examples/evil.rs:",
        ),
        // It aborts in its first panic, before anything is dropped.
        (
            "panic_in_panic",
            json!(0),
            "panicked at guest-glue/rust/examples/evil.rs:",
        ),
        ("recurse", json!(0), "trap: wasm trap: "),
        ("allocate", json!(0), memory),
        ("allocate_at_once", json!(0), memory),
        ("allocate_too_much", json!(u32::MAX), "panicked at "),
        ("loop", json!(0), "limit CpuTime 50"),
        ("leak", json!(0), "ok null"),
        ("exit", json!(0), "exit 0"),
        ("exit", json!(3), "exit 1"),
        ("abort", json!(0), unreachable),
        ("flood", json!(0), "limit Hostcalls 1000"),
        ("print", json!(0), "limit CpuTime 50"),
        ("long_line", json!(256), "ok null"),
        ("zero_the_stack", json!(0), "ok null"),
        ("zero_everything", json!(0), "trap: wasm trap: "),
        ("corrupt_the_heap", json!(0), "trap: wasm trap: "),
    ];
    let ops: Vec<_> = BTreeMap::from_iter(cases.iter().map(|(op, ..)| (*op, ())))
        .into_keys()
        .chain(["count"])
        .collect();
    for clean_state in [ResetPolicy::Require, ResetPolicy::Never] {
        let (runtime, evil) = program(clean_state, &ops).await;
        let count = evil.function("count").unwrap();
        for (op, input, expected) in &cases {
            let mut limits = limits();
            if expected.starts_with("limit CpuTime") {
                limits.cpu_time = Duration::from_millis(50);
            }
            let call = evil.function(op).unwrap();
            let (result, receipt) = call.call(input).limits(limits).with_receipt().await;
            let found = told(result);
            assert!(
                found.starts_with(expected),
                "{op}: expected {expected}, found {found:.500}"
            );
            assert!(
                found.len() < 64 << 10,
                "{op}: an error of {} bytes",
                found.len()
            );
            assert!(receipt.output.to_string().len() <= 3 * limits.log, "{op}");
            // Neither what it did to its memory nor what it counted is seen by the next call.
            assert_eq!(count.call::<_, u64>(&0).await.unwrap(), 0, "after {op}");
        }
        runtime.shut_down().await;
        let stats = runtime.stats();
        assert_eq!((stats.waiting, stats.in_flight), (0, 0));
        assert_eq!(stats.discarded.unclean, 0);
    }
    println!(
        "Rust: {} deeds, each in both ways: all survived",
        cases.len()
    );
}

#[tokio::test]
async fn no_way_out_of_the_sandbox_is_open() {
    let (_runtime, evil) = program(ResetPolicy::Auto, &["ways_out"]).await;
    let call = evil.function("ways_out").unwrap();
    let ways: BTreeMap<String, Option<String>> = call.call(&0).await.unwrap();
    assert_eq!(ways.len(), 18);
    for (way, refusal) in &ways {
        assert!(refusal.is_some(), "{way} is open");
    }
    println!("{ways:#?}");
}

#[tokio::test]
async fn a_panic_leaves_a_session_as_it_was() {
    let (_runtime, evil) = program(ResetPolicy::Require, &["count", "panic"]).await;
    let session = evil.session();
    let count = || session.call::<_, Value>("count", &0);
    let first = told(count().await);
    let panicked = session.call::<_, Value>("panic", &0).await;
    assert!(
        matches!(&panicked, Err(CallError::Panicked { .. })),
        "{panicked:?}"
    );
    let counted = [first.as_str(), &told(count().await)].map(str::to_owned);
    assert_eq!(counted, ["ok 0", "ok 1"]);
}
