//! Python functions whose futures are dropped at each of their await points.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use python_runtime::{HostcallContext, HostcallError, PoolConfig, PythonRuntime, PythonSource};
use serde_json::{Value, json};
use test_support::until;

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A runtime of one interpreter, and its hostcalls under way.
fn runtime() -> (PythonRuntime, Arc<AtomicUsize>) {
    let count = Arc::<AtomicUsize>::default();
    let own = count.clone();
    let yields = move |_: HostcallContext, times: u32| {
        own.fetch_add(1, SeqCst);
        let alive = Alive(own.clone());
        async move {
            let _alive = alive;
            for _ in 0..times {
                tokio::task::yield_now().await;
            }
            Ok::<_, HostcallError>(times)
        }
    };
    let runtime = PythonRuntime::builder().hostcall("yields", yields);
    let runtime = runtime.pool(PoolConfig::default().instances(1).verify(true));
    (runtime.build().unwrap(), count)
}

/// Polls `future` when it is woken, `polls` times at most. Then it is dropped.
async fn polled<F: Future>(future: F, mut polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Waits until no call is in flight: one that computes at the moment ends a tick later.
async fn over(runtime: &PythonRuntime) {
    until("all calls are over", || {
        let stats = runtime.stats();
        (stats.waiting, stats.in_flight) == (0, 0)
    })
    .await;
}

const WAITS: &str = "
import asyncio

seen = []

def simple(n, ctx):
    seen.append(n)
    return [ctx.hostcall('yields', n), len(seen)]

async def gathered(n, ctx):
    seen.append(n)
    answers = await asyncio.gather(*(ctx.hostcall('yields', i) for i in range(n)))
    answers.append(await ctx.hostcall('yields', n))
    return [answers, len(seen)]
";

#[tokio::test]
async fn calls_with_hostcalls_alone_and_together() {
    let (runtime, alive) = runtime();
    let mut dropped = 0;
    for (name, expected) in [
        ("simple", json!([6, 1])),
        ("gathered", json!([[0, 1, 2, 3, 4, 5, 6], 1])),
    ] {
        let source = PythonSource::def(name, WAITS);
        let function = runtime.function(source).await.unwrap();
        for polls in 0.. {
            let done = polled(function.call::<_, Value>(&6).with_receipt(), polls).await;
            assert_eq!(alive.load(SeqCst), 0, "{name}, dropped after {polls} polls");
            over(&runtime).await;
            let next: Value = function.call(&6).await.unwrap();
            assert_eq!(
                next, expected,
                "{name}, after one that was dropped after {polls} polls"
            );
            dropped += 1;
            if let Some((answer, _)) = done {
                assert_eq!(answer.unwrap(), expected);
                break;
            }
        }
    }
    println!("dropped at {dropped} await points");
    assert!(dropped >= 12, "{dropped}");
    until("the instance is back", || runtime.stats().idle == 1).await;
    assert_eq!(runtime.stats().discarded.unclean, 0);
}

#[tokio::test]
async fn functions_to_be() {
    let mut dropped = 0;
    for polls in 0.. {
        let (runtime, _) = runtime();
        let source = || PythonSource::def("simple", WAITS);
        let done = polled(runtime.function(source()), polls).await;
        over(&runtime).await;
        dropped += 1;
        for function in [runtime.function(source()).await.unwrap()]
            .into_iter()
            .chain(done.as_ref().map(|done| done.as_ref().unwrap().clone()))
        {
            assert_eq!(function.call::<_, Value>(&2).await.unwrap(), json!([2, 1]));
        }
        if done.is_some() {
            break;
        }
    }
    println!("dropped at {dropped} await points");
}
