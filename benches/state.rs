//! What it costs to have state as data: parked calls, durable calls, sessions.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use benches::{Quiet, Times, add, cpu_time, rates, repeat, resident, runtime, sum, timed, value};
use python_runtime::{
    Durable, Function, HostcallContext, HostcallError, PoolConfig, PythonRuntime, PythonSource,
    Session,
};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A small coroutine that waits once.
const WAIT: &str = "async def wait(n, ctx):\n    return [n, await ctx.hostcall('wait', 50)]\n";
const MEET: &str = "async def meet(n, ctx):\n    return [n, await ctx.hostcall('meet', n)]\n";

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    tokio.block_on(async {
        park_cpu().await;
        parked_calls().await;
        waiting_coroutines().await;
        sessions().await;
        many_sessions().await;
        durable().await;
    });
}

async fn function(runtime: &PythonRuntime, name: &str, source: &str) -> Function {
    let function = runtime.function(PythonSource::def(name, source)).await;
    function.expect("a function")
}

/// Processor time of each of `CALLS` runs of `work`, with what follows them.
async fn cpu_of(quiet: &Quiet, mut work: impl AsyncFnMut()) -> Duration {
    const CALLS: u32 = 100;
    let before = cpu_time();
    for _ in 0..CALLS {
        work().await;
    }
    // Not spinning: that would be processor time too.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let used = (cpu_time() - before) / CALLS;
    quiet.wait().await;
    used
}

/// What parking adds to a call whose hostcall takes a moment.
async fn park_cpu() {
    let pools = [Duration::ZERO, Duration::from_secs(60)];
    let mut kinds = Vec::new();
    for after in pools {
        let pool = PoolConfig::default().park_after(after);
        let soon = async |_: HostcallContext, n: u64| {
            tokio::task::yield_now().await;
            Ok::<_, HostcallError>(n)
        };
        let runtime = PythonRuntime::builder().hostcall("meet", soon).pool(pool);
        let runtime = runtime.build().expect("a runtime");
        let meet = function(&runtime, "meet", MEET).await;
        kinds.push((Quiet::of(&runtime).await, meet));
    }
    let [(parking, parked), (staying, stays)] = kinds.as_slice() else {
        return;
    };
    let receipt = parked.call::<_, Value>(&1).with_receipt().await.1;
    assert_eq!(receipt.parks, 1, "it parks");
    let mut cpu = Times::of("park.cpu");
    let call = async |function: &Function| {
        function.call::<_, Value>(&1).await.expect("an answer");
    };
    for _ in repeat(4.0) {
        let with = cpu_of(parking, async || call(parked).await).await;
        let without = cpu_of(staying, async || call(stays).await).await;
        cpu.add(with.saturating_sub(without));
    }
    cpu.record();
}

/// How many can be parked at once, what each takes, and how long all of them take.
async fn parked_calls() {
    let count = if benches::is_quick() { 10_000 } else { 100_000 };
    let (open, gate) = watch::channel(false);
    let meet = move |_: HostcallContext, n: u64| {
        let mut gate = gate.clone();
        async move {
            let opened = gate.wait_for(|is_open| *is_open).await;
            opened.map_err(|_| HostcallError::new("gone", "the bench ended"))?;
            Ok::<_, HostcallError>(n * 2)
        }
    };
    let pool = PoolConfig::default().instances(8).queue(count);
    let limits = python_runtime::Limits::default()
        .wall_time(Duration::from_secs(600))
        .wait(Duration::from_secs(600));
    let runtime = PythonRuntime::builder().hostcall("meet", meet).pool(pool);
    let runtime = runtime.limits(limits).build().expect("a runtime");
    let meet = function(&runtime, "meet", MEET).await;
    runtime.warm(8).await.expect("instances");
    let (before, began) = (resident(), Instant::now());
    let mut calls = JoinSet::new();
    for n in 0..count as u64 {
        let meet = meet.clone();
        calls.spawn(async move { (n, meet.call::<_, [u64; 2]>(&n).await.expect("an answer")) });
    }
    while runtime.stats().parked < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (taken, stats) = (resident() - before, runtime.stats());
    let parking = began.elapsed();
    value("park.memory", "bytes", taken / count as f64, count);
    let state = stats.parked_bytes as f64 / count as f64;
    value("park.state", "bytes", state, count);
    let rate = count as f64 / parking.as_secs_f64();
    value("park.per_second", "1/s", rate, count);
    value("parked.memory", "bytes", taken, count);
    open.send(true).expect("calls wait");
    let began = Instant::now();
    let mut done = 0;
    while let Some(call) = calls.join_next().await {
        let (n, answer) = call.expect("a call");
        assert_eq!(answer, [n, n * 2]);
        done += 1;
    }
    assert_eq!(done, count, "none is lost");
    let rate = count as f64 / began.elapsed().as_secs_f64();
    value("resume.per_second", "1/s", rate, count);
}

/// Coroutines that wait 50 ms each, as many as get through.
async fn waiting_coroutines() {
    let runtime = runtime(PoolConfig::default().queue(100_000));
    let wait = function(&runtime, "wait", WAIT).await;
    let done = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for n in 0..2_000 {
        let (wait, done) = (wait.clone(), done.clone());
        callers.spawn(async move {
            loop {
                wait.call::<_, Value>(&n).await.expect("an answer");
                done.fetch_add(1, Relaxed);
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut seen = Vec::new();
    for _ in repeat(4.0) {
        let (before, began) = (done.load(Relaxed), Instant::now());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let more = done.load(Relaxed) - before;
        seen.push(more as f64 / began.elapsed().as_secs_f64());
    }
    rates("waiting.coroutines", seen);
    callers.shutdown().await;
}

async fn sessions() {
    let runtime = runtime(PoolConfig::default());
    let function = add(&runtime).await;
    let session = function.program().session();
    let quiet = Quiet::of(&runtime).await;
    let plain = async || {
        function.call::<_, Value>(&sum()).await.expect("an answer");
    };
    let in_session = async || {
        let call = session.call::<_, Value>("add", &sum());
        call.await.expect("an answer");
    };
    in_session().await;
    let mut wait = Times::of("session.call.wait");
    for _ in repeat(2.0) {
        wait.add(timed(in_session).await);
        quiet.wait().await;
    }
    wait.record();
    let (mut cpu, mut added) = (
        Times::of("session.call.cpu"),
        Times::of("session.call.cpu_added"),
    );
    for _ in repeat(3.0) {
        let with = cpu_of(&quiet, in_session).await;
        cpu.add(with);
        added.add(with.saturating_sub(cpu_of(&quiet, plain).await));
    }
    cpu.record();
    added.record();
    let mut fork = Times::of("session.fork");
    for _ in repeat(0.5) {
        const FORKS: u32 = 1_000;
        let began = Instant::now();
        let forks: Vec<Session> = (0..FORKS)
            .map(|_| session.fork().expect("a fork"))
            .collect();
        fork.add(began.elapsed() / FORKS);
        drop(forks);
    }
    fork.record();
}

/// Many that are idle, any of which is called; after ten calls each that leave something.
async fn many_sessions() {
    const SESSIONS: usize = 10_000;
    let source = "\
kept = []

def keep(n):
    kept.append({'number': n, 'name': str(n), 'values': list(range(n % 10))})
    return len(kept)
";
    let runtime = runtime(PoolConfig::default());
    let keep = function(&runtime, "keep", source).await;
    let program = keep.program();
    runtime.warm(8).await.expect("instances");
    let sessions: Vec<_> = (0..SESSIONS).map(|_| program.session()).collect();
    let before = resident();
    for n in 0..10_u64 {
        for session in &sessions {
            let length: u64 = session.call("keep", &n).await.expect("an answer");
            assert_eq!(length, n + 1);
        }
    }
    let grown = resident() - before;
    value("session.memory", "bytes", grown / SESSIONS as f64, SESSIONS);
    let size = sessions.first().and_then(Session::size);
    let size = size.map_or(0, |size| size.bytes);
    value("session.size", "bytes", size as f64, 1);
    let mut any = Times::of("session.any_of_10000");
    let mut random: u64 = 1;
    for _ in repeat(3.0) {
        // Knuth's linear congruence, whose upper bits are good.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) as usize % SESSIONS;
        let session = sessions.get(at).expect("a session");
        let call = async || session.call::<_, u64>("keep", &1).await.expect("an answer");
        any.add(timed(call).await);
    }
    any.record();
}

/// A call that waits, to bytes; and from bytes to its end.
async fn durable() {
    let runtime = runtime(PoolConfig::default());
    let wait = function(&runtime, "wait", WAIT).await;
    let (mut save, mut load) = (Times::of("durable.save"), Times::of("durable.load"));
    let mut size = 0;
    for _ in repeat(3.0) {
        let durable = wait.call::<_, Value>(&1).until_parked().await;
        let Ok(Durable::Parked(parked)) = durable else {
            return;
        };
        let began = Instant::now();
        let bytes = parked.to_bytes().expect("bytes");
        save.add(began.elapsed());
        size = bytes.len();
        let id = parked.hostcalls().first().expect("a hostcall").id;
        let began = Instant::now();
        let resume = runtime.resume(bytes).expect("it fits");
        let resumed = resume.answer(id, Ok(())).await;
        load.add(began.elapsed());
        assert!(matches!(resumed, Ok(Durable::Done(_))));
    }
    save.record();
    load.record();
    value("durable.size", "bytes", size as f64, 1);
}
