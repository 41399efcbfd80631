//! Coroutines that wait give their interpreters back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use python_runtime::{
    Function, HostcallContext, HostcallError, Limits, PoolConfig, PythonRuntime,
    PythonRuntimeBuilder, PythonSource,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

fn two() -> PythonRuntimeBuilder {
    PythonRuntime::builder().pool(PoolConfig::default().instances(2).verify(true))
}

/// Answers the hostcall `meet` when `all` have made it, twice the number that it was given.
fn meeting(builder: PythonRuntimeBuilder, all: usize) -> PythonRuntimeBuilder {
    let barrier = Arc::new(Barrier::new(all));
    builder.hostcall("meet", move |_: HostcallContext, n: u64| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            Ok::<_, HostcallError>(n * 2)
        }
    })
}

async fn f(runtime: &PythonRuntime, source: &str) -> Function {
    let function = runtime.function(PythonSource::def("f", source)).await;
    function.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn a_hundred_calls_wait_for_each_other_on_two_interpreters() {
    let runtime = meeting(two(), 100).build().unwrap();
    let source = "\
async def f(n, ctx):
    before = [n] * 1000
    doubled = await ctx.hostcall('meet', n)
    return [doubled, sum(before)]
";
    let f = f(&runtime, source).await;
    let calls = (0..100_u64).map(|n| {
        let f = &f;
        async move { (n, f.call::<_, [u64; 2]>(&n).with_receipt().await) }
    });
    let mut parks = 0;
    for (n, (answer, receipt)) in join_all(calls).await {
        assert_eq!(answer.unwrap(), [n * 2, n * 1000]);
        assert_eq!(receipt.hostcalls, 1);
        parks += receipt.parks;
    }
    // The last ones to come found all others there.
    assert!(parks >= 98, "{parks}");
    assert_eq!(runtime.stats().discarded, Default::default());
    let stats = runtime.stats();
    assert_eq!((stats.parked, stats.parked_bytes), (0, 0));
}

#[tokio::test]
async fn a_call_that_keeps_its_interpreter_leaves_its_turn_to_others() {
    let pool = PoolConfig::default()
        .instances(3)
        .computing(1)
        .park_after(Duration::ZERO);
    let runtime = meeting(PythonRuntime::builder().pool(pool), 3);
    let runtime = runtime.build().unwrap();
    let source = "async def f(n, ctx):\n    return await ctx.hostcall('meet', n)\n";
    let f = f(&runtime, source).await;
    let limits = Limits::default().state(1);
    let calls = (0..3_u64).map(|n| f.call::<_, u64>(&n).limits(limits).with_receipt());
    for (n, (answer, receipt)) in (0..3_u64).zip(join_all(calls).await) {
        assert_eq!((answer.unwrap(), receipt.parks), (n * 2, 0));
    }
}

#[tokio::test]
async fn a_program_may_have_parked_calls_of_its_own_number() {
    let runtime = meeting(two(), 2).build().unwrap();
    let source = PythonSource::def(
        "f",
        "async def f(n, ctx):\n    return await ctx.hostcall('meet', n)\n",
    );
    let program = runtime.program().function("f", source).parked_calls(0);
    let f = program.build().await.unwrap().function("f").unwrap();
    let error = f.call::<_, u64>(&1).await.unwrap_err();
    assert_eq!(error.kind(), "limit_parked_calls", "{error}");
}

#[tokio::test]
async fn sleeping_takes_no_interpreter() {
    let runtime = two().build().unwrap();
    let source = "\
import asyncio

async def f(n):
    for _ in range(3):
        await asyncio.sleep(0.002)
    return n
";
    let f = f(&runtime, source).await;
    let calls = (0..100_u64).map(|n| f.call::<_, Value>(&n).with_receipt());
    for (n, (answer, receipt)) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), json!(n));
        assert!(receipt.discarded.is_none(), "{receipt:?}");
    }
}
