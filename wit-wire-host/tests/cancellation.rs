//! Futures dropped at each of their await points: nothing of them is left, and the next call is
//! right.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

#[path = "cancellation/waiting.rs"]
mod waiting;

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::until;
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wit_wire_host::{
    CallError, Component, Dialect, Function, Host, HostBuilder, HostcallContext, HostcallError,
    Isolation, Limits, Meter, Op, PoolConfig, Program, ResetPolicy,
};

static GUEST: LazyLock<(Engine, wasmtime::component::Component)> = LazyLock::new(|| {
    let engine = common::engine();
    let component = common::compile(&engine, &common::guest(Dialect::V1));
    (engine, component)
});

/// Hostcalls in flight.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

struct Guard(Alive);

impl Alive {
    fn one(&self) -> Guard {
        self.0.fetch_add(1, SeqCst);
        Guard(self.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

/// A host with one instance and its hostcalls in flight.
struct Bench {
    policy: ResetPolicy,
    component: Component,
    alive: Alive,
    /// Lets one `h:hold` come back.
    gate: Arc<Semaphore>,
    echo: OnceLock<Function>,
    /// What `h:nest` calls.
    inner: Arc<Mutex<Option<Function>>>,
}

const OPS: [&str; 8] = [
    "echo",
    "keep",
    "count",
    "h:yield",
    "h:hold",
    "h:nest",
    "y:wit-wire:batch",
    "wait",
];

impl Bench {
    fn new(policy: ResetPolicy) -> Self {
        let config = PoolConfig::default()
            .instances(1)
            .reset(policy)
            .park_after(Duration::ZERO)
            .verify(true);
        let (alive, gate) = (Alive::default(), Arc::new(Semaphore::new(0)));
        let inner = Arc::<Mutex<Option<Function>>>::default();
        let builder = yielding(Host::builder().pool(config), &alive);
        let builder = holding(builder, &alive, &gate);
        let builder = nesting(builder, &alive, &inner);
        let (engine, guest) = &*GUEST;
        let component = builder.build(engine).unwrap().component(guest).unwrap();
        Self {
            policy,
            component: component.with_identity("the guest"),
            alive,
            gate,
            echo: OnceLock::new(),
            inner,
        }
    }

    async fn program(&self) -> Program {
        let program = self.component.program(OPS.map(Op::new)).build();
        let program = program.await.unwrap();
        let echo = program.function("echo").unwrap();
        *self.inner.lock().unwrap() = Some(echo.clone());
        self.echo.set(echo).ok().unwrap();
        program
    }

    /// Nothing is in flight, and the next call is right. Then the pool is as it was.
    async fn check(&self, case: &str) {
        let stats = || self.component.host().stats();
        // One that computes at the moment ends a tick later.
        let what = fmt::from_fn(|f| write!(f, "{case}: no hostcall is alive"));
        until(what, || self.alive.0.load(SeqCst) == 0).await;
        let what = fmt::from_fn(|f| write!(f, "{case}: all is over: {:?}", stats()));
        until(what, || (stats().waiting, stats().in_flight) == (0, 0)).await;
        let stats_now = stats();
        let parked = (stats_now.parked, stats_now.parked_bytes);
        assert_eq!(parked, (0, 0), "{case}: {stats_now:?}");
        if let Some(echo) = self.echo.get() {
            let answer: Value = echo.call(&json!(case)).await.unwrap();
            assert_eq!(answer, json!(case));
        }
        // Where instances are reset, one of them never runs.
        let at_rest = || {
            let stats = stats();
            let others = stats.live - stats.idle.min(stats.live);
            let blank = usize::from(self.policy == ResetPolicy::Require);
            stats.idle <= 1 && others <= blank && stats.discarded.unclean == 0
        };
        let what = fmt::from_fn(|f| write!(f, "{case}: all is back: {:?}", stats()));
        until(what, at_rest).await;
    }

    /// Waits until a hostcall is in flight.
    async fn held(&self) {
        until("a hostcall is held", || self.alive.0.load(SeqCst) == 1).await;
    }

    /// Drops what `make` makes after no poll, after one, and so on until it is done. How often it
    /// was dropped.
    async fn everywhere<T>(&self, case: &str, make: impl AsyncFn() -> T) -> usize {
        for polls in 0..10_000 {
            let done = polled(make(), polls).await.is_some();
            self.check(&format!("{case}, dropped after {polls} polls"))
                .await;
            if done {
                return polls;
            }
        }
        panic!("{case}: no end")
    }
}

/// Polls `future` when it is woken, `polls` times at most. Then it is dropped.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let left = Cell::new(polls);
    poll_fn(|context| {
        if left.get() == 0 {
            return Poll::Ready(None);
        }
        left.set(left.get() - 1);
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left.get() == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// `h:yield` gives its thread back as often as it is told.
fn yielding(builder: HostBuilder, alive: &Alive) -> HostBuilder {
    let alive = alive.clone();
    builder.hostcall("h:yield", move |_: HostcallContext, times: u32| {
        let guard = alive.one();
        async move {
            let _guard = guard;
            for _ in 0..times {
                tokio::task::yield_now().await;
            }
            Ok::<_, HostcallError>(times)
        }
    })
}

/// `h:hold` comes back once it is let go.
fn holding(builder: HostBuilder, alive: &Alive, gate: &Arc<Semaphore>) -> HostBuilder {
    let (alive, gate) = (alive.clone(), gate.clone());
    builder.hostcall("h:hold", move |_: HostcallContext, _: Value| {
        let (guard, gate) = (alive.one(), gate.clone());
        async move {
            let _guard = guard;
            gate.acquire().await.unwrap().forget();
            Ok::<_, HostcallError>(Value::Null)
        }
    })
}

/// `h:nest` calls a function and yields.
fn nesting(
    builder: HostBuilder,
    alive: &Alive,
    inner: &Arc<Mutex<Option<Function>>>,
) -> HostBuilder {
    let (alive, inner) = (alive.clone(), inner.clone());
    builder.hostcall("h:nest", move |_: HostcallContext, input: Value| {
        let (guard, inner) = (alive.one(), inner.lock().unwrap().clone());
        async move {
            let _guard = guard;
            tokio::task::yield_now().await;
            let inner = inner.unwrap();
            let answer = inner.call::<_, Value>(&input).await;
            answer.map_err(|error| HostcallError::new("inner", error.to_string()))
        }
    })
}

/// Runs `test` in a runtime of either kind.
fn in_both_runtimes(test: impl AsyncFn(ResetPolicy) -> usize) -> usize {
    let runtimes = [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ];
    let mut dropped = 0;
    for mut runtime in runtimes {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        for policy in [ResetPolicy::Require, ResetPolicy::Never] {
            dropped += runtime.block_on(test(policy));
        }
    }
    dropped
}

#[test]
fn calls() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let batch = |calls: u32| {
            let call = |id| json!({"id": id, "op": "h:yield", "payload": id});
            json!({"calls": (0..calls).map(call).collect::<Vec<_>>()})
        };
        let mut dropped = 0;
        for (op, input, answer) in [
            ("echo", json!(7), Some(json!(7))),
            ("h:yield", json!(0), Some(json!(0))),
            ("h:yield", json!(1), Some(json!(1))),
            ("h:yield", json!(50), Some(json!(50))),
            (
                "y:wit-wire:batch",
                batch(1),
                Some(json!([{"id": 0, "ok": 0}])),
            ),
            ("y:wit-wire:batch", batch(20), None),
            ("h:nest", json!("inner"), Some(json!("inner"))),
        ] {
            let function = program.function(op).unwrap();
            let call = async || {
                let (got, receipt) = function.call::<_, Value>(&input).with_receipt().await;
                assert!(answer.is_none() || answer.as_ref() == Some(got.as_ref().unwrap()));
                assert!(op == "echo" || receipt.hostcalls > 0);
            };
            dropped += bench.everywhere(&format!("{op} {input}"), call).await;
        }
        let echo = program.function("echo").unwrap();
        dropped += bench
            .everywhere("schema", async || echo.schema().await.unwrap())
            .await;
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 200, "{dropped}");
}

#[test]
fn calls_on_shared_state() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        bench.program().await;
        let shared = bench.component.program(OPS.map(Op::new));
        let shared = shared.isolation(Isolation::Shared).build().await.unwrap();
        let [keep, yields] = ["keep", "h:yield"].map(|op| shared.function(op).unwrap());
        let mut dropped = 0;
        for polls in 0.. {
            // The shared instance is one more than the pool has.
            keep.call_raw("7").await.unwrap();
            let done = polled(yields.call::<_, u32>(&10).with_receipt(), polls).await;
            assert_eq!(bench.alive.0.load(SeqCst), 0);
            until("the call is over", || {
                let stats = bench.component.host().stats();
                (stats.waiting, stats.in_flight) == (0, 0)
            })
            .await;
            // State is lost with a call that was dropped while it ran, and only then.
            let expected = if (1..).contains(&polls) && done.is_none() {
                "0"
            } else {
                "7"
            };
            assert_eq!(keep.call_raw("8").await.unwrap(), expected, "{polls} polls");
            dropped += 1;
            if let Some((answer, _)) = done {
                assert_eq!(answer.unwrap(), 10);
                break;
            }
        }
        // A turn on the shared instance that somebody else has.
        let hold = shared.function("h:hold").unwrap();
        for polls in 0..2 {
            assert_eq!(keep.call_raw("7").await.unwrap(), "8");
            let held = hold.clone();
            let held = tokio::spawn(async move { held.call_raw("1").await });
            bench.held().await;
            let waits = polled(keep.call_raw("9").with_receipt(), polls).await;
            assert!(waits.is_none());
            bench.gate.add_permits(1);
            held.await.unwrap().unwrap();
            assert_eq!(keep.call_raw("8").await.unwrap(), "7");
            dropped += 1;
        }
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 40, "{dropped}");
}

#[test]
fn calls_that_wait_for_a_permit() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let [hold, yields] = ["h:hold", "h:yield"].map(|op| program.function(op).unwrap());
        let mut polls = 0;
        loop {
            let held = hold.clone();
            let held = tokio::spawn(async move { held.call_raw("1").await });
            bench.held().await;
            let let_go = || bench.gate.add_permits(1);
            // Let go once the call is in line, or has been dropped.
            let let_go_soon = async {
                let stats = || bench.component.host().stats();
                if polls > 1 {
                    until("the call is in line", || stats().waiting == 1).await;
                    let_go();
                }
            };
            let call = polled(yields.call::<_, u32>(&3).with_receipt(), polls);
            let (done, ()) = tokio::join!(call, let_go_soon);
            if polls <= 1 {
                assert!(done.is_none());
                let stats = bench.component.host().stats();
                assert_eq!((stats.waiting, stats.in_flight), (0, 1), "{stats:?}");
                let_go();
            }
            held.await.unwrap().unwrap();
            bench
                .check(&format!("in line, dropped after {polls} polls"))
                .await;
            if let Some((answer, _)) = done {
                assert_eq!(answer.unwrap(), 3);
                return polls;
            }
            polls += 1;
        }
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 12, "{dropped}");
}

/// Calls whose instance is being built, or is on its way back from the call before.
#[test]
fn calls_that_wait_for_an_instance() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let yields = program.function("h:yield").unwrap();
        let echo = program.function("echo").unwrap();
        let back = async || {
            echo.call_raw("1").await.unwrap();
            assert_eq!(yields.call::<_, u32>(&1).await.unwrap(), 1);
        };
        let mut dropped = bench.everywhere("on its way back", back).await;
        for polls in 0.. {
            let bench = Bench::new(policy);
            let build = bench.component.program(OPS.map(Op::new)).build();
            let done = polled(build, polls).await;
            bench
                .check(&format!("build, dropped after {polls} polls"))
                .await;
            dropped += 1;
            let again = bench.program().await;
            bench
                .check(&format!("built again after {polls} polls"))
                .await;
            if let Some(program) = done {
                for program in [program.unwrap(), again] {
                    let keep = program.function("keep").unwrap();
                    assert_eq!(keep.call_raw("5").await.unwrap(), "0");
                }
                break;
            }
        }
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 12, "{dropped}");
}

#[test]
fn instances_of_no_pool() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        bench.program().await;
        let ops = OPS.map(Op::new);
        let begin = async || {
            let run = Meter::new(Limits::default());
            let mut instance = bench.component.instantiate(&run).await.unwrap();
            instance.init(&run, &ops, "0.0.1").await.unwrap();
            let answer = instance.handle(&run, &"h:yield".into(), "20").await;
            assert_eq!(answer.unwrap(), "20");
        };
        bench.everywhere("instantiate, init, handle", begin).await
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 40, "{dropped}");
}

#[test]
fn programs_as_bytes() {
    let mut dropped = 0;
    for mut runtime in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        dropped += runtime.block_on(async {
            let kept = Bench::new(ResetPolicy::Require).program().await;
            let kept = kept.snapshot().await.unwrap();
            let mut dropped = 0;
            for isolation in [Isolation::PerCall, Isolation::Shared] {
                for polls in 0.. {
                    let bench = Bench::new(ResetPolicy::Require);
                    let restore = || bench.component.restore(&kept).unwrap();
                    let build = restore().isolation(isolation).build();
                    let is_done = polled(build, polls).await.is_some();
                    bench
                        .check(&format!("restore, dropped after {polls} polls"))
                        .await;
                    let program = restore().build().await.unwrap();
                    let keep = program.function("keep").unwrap();
                    assert_eq!(keep.call_raw("5").await.unwrap(), "0");
                    let again = async || program.snapshot().await.unwrap();
                    assert!(again().await == kept);
                    dropped += 1 + bench.everywhere("snapshot", again).await;
                    if is_done {
                        break;
                    }
                }
            }
            dropped
        });
    }
    println!("dropped at {dropped} await points");
    assert!(dropped > 8, "{dropped}");
}

#[test]
fn warming_and_shutting_down() {
    let dropped = in_both_runtimes(async |policy| {
        let mut dropped = 0;
        for polls in 0.. {
            let bench = Bench::new(policy);
            let done = polled(bench.component.warm(1), polls).await;
            bench
                .check(&format!("warm, dropped after {polls} polls"))
                .await;
            bench.component.warm(1).await.unwrap();
            assert_eq!(bench.component.host().stats().idle, 1);
            dropped += 1;
            if done.is_some() {
                break;
            }
        }
        // The second poll would come when the call that is held is over.
        for polls in 0..2 {
            let bench = Bench::new(policy);
            let program = bench.program().await;
            let [hold, echo] = ["h:hold", "echo"].map(|op| program.function(op).unwrap());
            let held = tokio::spawn(async move { hold.call_raw("1").await });
            bench.held().await;
            let host = bench.component.host();
            assert!(polled(host.shut_down(), polls).await.is_none());
            if polls > 0 {
                let refused = echo.call_raw("1").await;
                assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
            }
            bench.gate.add_permits(1);
            held.await.unwrap().unwrap();
            host.shut_down().await;
            let stats = host.stats();
            assert_eq!((stats.idle, stats.in_flight), (0, 0), "{stats:?}");
            dropped += 1;
        }
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 12, "{dropped}");
}
