//! How many calls there can be in a second, and how long they take when there are many.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use benches::{ADD, Times, rates, runtime, seconds, sum, value};
use python_runtime::{Function, Isolation, PoolConfig, PythonSource};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

fn main() {
    let usual = PoolConfig::default().instances;
    throughput("throughput.shared.1", 1, usual, Isolation::Shared);
    throughput("throughput.per_call.1", 1, usual, Isolation::PerCall);
    let most = throughput("throughput.per_call.2", 2, usual, Isolation::PerCall);
    // Far more than are needed: more memory than the caches hold, if calls go through all of it.
    throughput("throughput.per_call.2.of_64", 2, 64, Isolation::PerCall);
    latency(most / 2.0);
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
    let (tokio, function) = start(2, PoolConfig::default().instances, Isolation::PerCall);
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
