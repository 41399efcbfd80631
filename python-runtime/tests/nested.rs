//! Functions that call functions by hostcalls, parked or in place, in pools that are full: nobody
//! waits for an instance that somebody holds who waits for them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use python_runtime::{
    CallError, HostcallContext, HostcallError, Isolation, Limit, Limits, PoolConfig, Program,
    PythonRuntime, PythonSource,
};
use serde_json::{Value, json};

const SOURCE: &str = "\
import asyncio

async def tree(n, ctx):
    if n == 0:
        return await ctx.hostcall('echo', 1)
    branches = [ctx.hostcall('call', [name, n - 1]) for name in ('tree', 'plain', 'tree')]
    done = await asyncio.gather(*branches)
    return sum(done)

def plain(n, ctx):
    return ctx.hostcall('echo', 1) if n == 0 else ctx.hostcall('call', ['tree', n - 1])

def stuck(n, ctx):
    return ctx.hostcall('never')

async def waits(n, ctx):
    return await ctx.hostcall('never')

async def impatient(name, ctx):
    late = 0
    for _ in range(3):
        calls = [ctx.hostcall('call', [name, 0]) for _ in range(3)]
        try:
            async with asyncio.timeout(0.005):
                await asyncio.gather(*calls, ctx.hostcall('call', ['tree', 1]))
        except TimeoutError:
            late += 1
    return late
";

const OPS: [&str; 5] = ["tree", "plain", "stuck", "waits", "impatient"];

/// What the hostcall `call` calls.
type Known = Arc<OnceLock<Program>>;

fn runtime(pool: PoolConfig) -> (PythonRuntime, Known) {
    let known = Known::default();
    let called = known.clone();
    let call = move |_: HostcallContext, (name, input): (String, Value)| {
        let program = called.get().unwrap().clone();
        async move {
            let function = program.function(&name).unwrap();
            let answer = function.call::<_, Value>(&input).await;
            answer.map_err(|error| HostcallError::new(error.kind(), error.to_string()))
        }
    };
    let runtime = PythonRuntime::builder()
        .pool(pool)
        .hostcall("call", call)
        .hostcall("echo", async |_: HostcallContext, value: Value| {
            tokio::task::yield_now().await;
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .build()
        .unwrap();
    (runtime, known)
}

async fn program(runtime: &PythonRuntime, isolation: Isolation, concurrency: usize) -> Program {
    let mut program = runtime
        .program()
        .isolation(isolation)
        .concurrency(concurrency);
    for op in OPS {
        program = program.function(op, PythonSource::def(op, SOURCE));
    }
    program.build().await.unwrap()
}

/// How many functions a tree of this height takes, and so what it comes to.
fn leaves(height: u64) -> u64 {
    match height {
        0 => 1,
        1 => 3,
        _ => 2 * leaves(height - 1) + leaves(height - 2),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trees_of_calls_grow_on_one_interpreter() {
    let always = PoolConfig::default().park_after(Duration::ZERO);
    for (pool, concurrency) in [
        (always.instances(1).computing(1).verify(true), 100),
        (always.instances(1), 1),
        (always.instances(2).computing(1), 2),
        (PoolConfig::default().instances(1), 3),
    ] {
        let (runtime, known) = runtime(pool);
        let program = program(&runtime, Isolation::PerCall, concurrency).await;
        let _ = known.set(program.clone());
        let [tree, impatient] = ["tree", "impatient"].map(|op| program.function(op).unwrap());
        let trees = join_all((0..3).map(|_| tree.call::<_, u64>(&3).into_future()));
        for sum in trees.await {
            assert_eq!(sum.unwrap(), leaves(3), "{pool:?}");
        }
        let names = ["stuck", "waits", "stuck", "waits"];
        let late = join_all(names.map(|name| impatient.call::<_, u64>(name).into_future()));
        for late in late.await {
            assert_eq!(late.unwrap(), 3, "{pool:?}");
        }
        let all_over = || {
            let stats = runtime.stats();
            (stats.waiting, stats.in_flight, stats.parked) == (0, 0, 0)
        };
        test_support::until("all is over", all_over).await;
        let stats = runtime.stats();
        assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
        drop(program);
        runtime.shut_down().await;
    }
}

/// Their coroutines wait in place.
#[tokio::test]
async fn shared_programs_call_others() {
    let (runtime, known) = runtime(
        PoolConfig::default()
            .instances(1)
            .park_after(Duration::ZERO),
    );
    let inner = program(&runtime, Isolation::PerCall, 10).await;
    let _ = known.set(inner);
    let shared = program(&runtime, Isolation::Shared, 10).await;
    let tree = shared.function("tree").unwrap();
    for _ in 0..3 {
        assert_eq!(tree.call::<_, u64>(&2).await.unwrap(), leaves(2));
    }
}

fn limit<T>(result: &Result<T, CallError>) -> Option<Limit> {
    match result {
        Err(CallError::Limit { exceeded, .. }) => Some(exceeded.limit),
        _ => None,
    }
}

#[tokio::test]
async fn a_session_that_waits_for_itself_ends_at_the_deadline() {
    let session = Arc::new(OnceLock::<python_runtime::Session>::new());
    let again = session.clone();
    let runtime = PythonRuntime::builder()
        .pool(
            PoolConfig::default()
                .instances(1)
                .park_after(Duration::ZERO),
        )
        .hostcall("again", move |_: HostcallContext, n: u64| {
            let again = again.clone();
            async move {
                let answer = again.get().unwrap().call::<_, u64>("f", &n).await;
                answer.map_err(|error| HostcallError::new(error.kind(), error.to_string()))
            }
        })
        .build()
        .unwrap();
    let source = "\
seen = 0

async def f(n, ctx):
    global seen
    seen += 1
    if n:
        await ctx.hostcall('again', n - 1)
    return seen
";
    let program = runtime
        .program()
        .function("f", PythonSource::def("f", source));
    let _ = session.set(program.build().await.unwrap().session());
    let session = session.get().unwrap();
    let call = |n: u64| session.call::<_, u64>("f", &n);
    assert_eq!(call(0).await.unwrap(), 1);
    let soon = Instant::now() + Duration::from_millis(20);
    assert_eq!(limit(&call(1).deadline(soon).await), Some(Limit::Deadline));
    assert_eq!(call(0).await.unwrap(), 2);
    assert_eq!(runtime.stats().parked, 0);
}

#[tokio::test]
async fn what_is_parked_has_limits_of_its_own() {
    let never = async |_: HostcallContext, _: Value| {
        std::future::pending::<Result<Value, HostcallError>>().await
    };
    let pool = PoolConfig::default().park_after(Duration::ZERO);
    let build = |pool| {
        PythonRuntime::builder()
            .pool(pool)
            .hostcall("never", never)
            .build()
            .unwrap()
    };
    let source = "async def f(n, ctx):\n    return await ctx.hostcall('never', n)\n";
    let moment = Duration::from_millis(10);
    let limits = Limits::default();

    // Parked time is no wall time, and has an end of its own; the caller's holds as well.
    let runtime = build(pool);
    let f = PythonSource::def("f", source);
    let f = runtime.function(f).await.unwrap();
    let call = |limits| f.call::<_, Value>(&1).limits(limits);
    let (result, receipt) = call(limits.parked_time(moment)).with_receipt().await;
    assert_eq!(limit(&result), Some(Limit::ParkedTime));
    assert!(receipt.parked_time >= moment && receipt.parks == 1);
    let result = call(limits.wall_time(moment)).await;
    assert_eq!(limit(&result), Some(Limit::WallTime));
    let long = limits
        .parked_time(Duration::from_secs(3600))
        .wall_time(moment);
    let deadline = Instant::now() + 3 * moment;
    let result = call(long).deadline(deadline).await;
    assert_eq!(limit(&result), Some(Limit::Deadline), "{result:?}");

    // How many, and how much.
    for (pool, limits, expected) in [
        (pool.parked_calls(2), limits, Limit::ParkedCalls),
        (pool.parked_bytes(100), limits, Limit::ParkedBytes),
    ] {
        let runtime = build(pool);
        let program = runtime.program().limits(limits);
        let program = program.function("f", PythonSource::def("f", source));
        let f = program.build().await.unwrap().function("f").unwrap();
        let held: Vec<_> = (0..2)
            .map(|n| {
                let f = f.clone();
                tokio::spawn(async move { f.call::<_, Value>(&n).await })
            })
            .collect();
        if expected == Limit::ParkedCalls {
            test_support::until("two are parked", || runtime.stats().parked == 2).await;
        }
        let result = f.call::<_, Value>(&json!(3)).await;
        assert_eq!(limit(&result), Some(expected));
        for held in held {
            held.abort();
            let _ = held.await;
        }
        let nothing = || {
            let stats = runtime.stats();
            (stats.parked, stats.parked_bytes, stats.in_flight) == (0, 0, 0)
        };
        test_support::until("nothing is left", nothing).await;
        let plain = runtime.function(PythonSource::lambda("lambda x: x"));
        assert_eq!(plain.await.unwrap().call::<_, u8>(&7).await.unwrap(), 7);
    }
}
