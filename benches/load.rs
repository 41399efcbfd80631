//! How many calls there can be in a second, and how long they take when there are many.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use benches::{ADD, Times, rates, repeat, runtime, seconds, sum, timed, value};
use python_runtime::{Function, Isolation, Limits, PoolConfig, PythonSource};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

fn main() {
    // As many as calls that do not wait use.
    let usual = PoolConfig::default().computing;
    throughput("throughput.shared.1", 1, usual, Isolation::Shared);
    throughput("throughput.per_call.1", 1, usual, Isolation::PerCall);
    let most = throughput("throughput.per_call.2", 2, usual, Isolation::PerCall);
    // Far more than are needed: more memory than the caches hold, if calls go through all of it.
    throughput("throughput.per_call.2.of_64", 2, 64, Isolation::PerCall);
    latency(most / 2.0);
    waiting();
    heartbeat("heartbeat.late.alone", 0);
    heartbeat("heartbeat.late", 8);
}

/// An async runtime with so many threads for calls, and a function of a pool of so many instances.
fn start(threads: usize, instances: usize, isolation: Isolation) -> (Runtime, Function) {
    let tokio = Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build();
    let tokio = tokio.expect("a tokio runtime");
    let runtime = runtime(PoolConfig::default().instances(instances).queue(1 << 20));
    // As many as there may be: else the first seconds would be about building them.
    let warm = tokio.block_on(runtime.warm(usize::MAX));
    warm.expect("instances");
    let program = runtime.program().isolation(isolation);
    let program = program.function("add", PythonSource::def("add", ADD));
    let program = tokio.block_on(program.build()).expect("a program");
    (tokio, program.function("add").expect("a function"))
}

async fn call(function: &Function) -> Value {
    function.call(&sum()).await.expect("an answer")
}

/// Calls in a second, made by as many tasks as there are threads, each one call after the other.
/// Returns the median over slices of a tenth of a second.
fn throughput(name: &str, tasks: usize, instances: usize, isolation: Isolation) -> f64 {
    const SLICE: Duration = Duration::from_millis(100);
    let (tokio, function) = start(tasks, instances, isolation);
    let slices = (seconds(4.0).as_secs_f64() / SLICE.as_secs_f64()) as usize;
    let started = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let function = function.clone();
            tokio.spawn(async move {
                let mut calls = vec![0_u32; slices];
                loop {
                    call(&function).await;
                    let slice = started.elapsed().as_nanos() / SLICE.as_nanos();
                    match calls.get_mut(slice as usize) {
                        Some(calls) => *calls += 1,
                        None => break calls,
                    }
                }
            })
        })
        .collect();
    let mut all = vec![0.0; slices];
    for task in tasks {
        let calls = tokio.block_on(task).expect("a task");
        for (all, calls) in all.iter_mut().zip(calls) {
            *all += f64::from(calls) / SLICE.as_secs_f64();
        }
    }
    rates(name, all)
}

/// How long calls take that arrive at `rate` per second, whether or not earlier ones are done. A
/// call's time begins when it was due: one that comes late because all is busy has waited.
fn latency(rate: f64) {
    let (tokio, function) = start(2, PoolConfig::default().computing, Isolation::PerCall);
    // The system wakes sleepers up to 50 µs late, to wake several at once, unless told that 1 ns is
    // all it has.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    // As many at once as there will be: what is measured is not how a pool fills.
    let crowd = (0..64).map(|_| {
        let function = function.clone();
        tokio.spawn(async move {
            for _ in 0..50 {
                call(&function).await;
            }
        })
    });
    for caller in crowd.collect::<Vec<_>>() {
        tokio.block_on(caller).expect("calls");
    }
    let times = Arc::new(Mutex::new(Times::of("load.per_call.latency")));
    // What of a latency is the machine's: it had no processor for this thread either.
    let mut late = Times::of("load.per_call.late");
    let mut calls = Vec::new();
    let started = Instant::now();
    let end = started + seconds(6.0);
    for number in 0_u32.. {
        let due = started + Duration::from_secs_f64(f64::from(number) / rate);
        if due > end {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        late.add(due.elapsed());
        let (function, times) = (function.clone(), times.clone());
        calls.push(tokio.spawn(async move {
            call(&function).await;
            let time = due.elapsed();
            times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(time);
        }));
    }
    late.record();
    value("load.per_call.offered", "1/s", rate, calls.len());
    for call in calls {
        tokio.block_on(call).expect("a call");
    }
    let times = Arc::into_inner(times).expect("no call is left");
    times
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .record();
}

/// A thousand calls of a plain function that waits 100 ms in a hostcall, all at once, of a pool
/// that is empty and has its defaults: until the last one is done.
fn waiting() {
    const WAIT: &str = "def wait(milliseconds, ctx):\n    ctx.hostcall('wait', milliseconds)\n";
    let tokio = Runtime::new().expect("a tokio runtime");
    let mut times = Times::of("waiting.plain.1000");
    for _ in repeat(8.0) {
        let runtime = runtime(PoolConfig::default());
        tokio.block_on(async {
            let wait = runtime.function(PythonSource::def("wait", WAIT)).await;
            let wait = wait.expect("a function");
            let all = async || {
                let mut calls = JoinSet::new();
                for _ in 0..1_000 {
                    let wait = wait.clone();
                    calls.spawn(async move { wait.call::<_, ()>(&100).await.expect("an answer") });
                }
                calls.join_all().await
            };
            times.add(timed(all).await);
            runtime.shut_down().await;
        });
    }
    times.record();
}

/// How late a task is woken that wants to be every five milliseconds, on a runtime of two threads,
/// beside so many guests that compute without end. Tokio's clock has whole milliseconds, so it is
/// half of one late by itself.
fn heartbeat(name: &'static str, guests: usize) {
    const BEAT: Duration = Duration::from_millis(5);
    let mut tokio = Builder::new_multi_thread();
    let tokio = tokio.worker_threads(2).enable_all().build();
    let tokio = tokio.expect("a tokio runtime");
    let runtime = runtime(PoolConfig::default());
    let limits = Limits::default()
        .cpu_time(Duration::MAX)
        .wall_time(Duration::MAX);
    tokio.block_on(async {
        let endless = PythonSource::def("endless", "def endless(x):\n    while True: pass\n");
        let endless = runtime.function(endless).await.expect("a function");
        let mut calls = JoinSet::new();
        for _ in 0..guests {
            let endless = endless.clone();
            calls.spawn(async move { endless.call::<_, ()>(&0).limits(limits).await });
        }
        // All of them have begun.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let beat = tokio::spawn(async move {
            let mut late = Times::of(name);
            let mut beats = tokio::time::interval(BEAT);
            let end = Instant::now() + seconds(8.0);
            while Instant::now() < end {
                let due = beats.tick().await;
                late.add(due.elapsed());
            }
            late
        });
        beat.await.expect("a task").record();
        calls.shutdown().await;
    });
}
