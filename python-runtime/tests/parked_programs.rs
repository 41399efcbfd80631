//! Random programs that are parked wherever they wait: they come to the same as if they had never
//! left their interpreter.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::stream;
use python_runtime::{
    Call, Durable, Function, HostcallContext, HostcallError, ParkedCall, PoolConfig, PythonRuntime,
    PythonSource, ResetPolicy, Stream,
};
use serde_json::{Value, json};

const PROGRAM: &str = include_str!("parked/program.py");

/// `echo` gives its thread back as often as it is told before it answers.
fn runtime(pool: PoolConfig) -> PythonRuntime {
    PythonRuntime::builder()
        .pool(pool)
        .hostcall(
            "echo",
            async |_: HostcallContext, (value, yields): (Value, u32)| {
                for _ in 0..yields {
                    tokio::task::yield_now().await;
                }
                Ok::<_, HostcallError>(value)
            },
        )
        .hostcall("fail", async |_: HostcallContext, n: u32| {
            tokio::task::yield_now().await;
            Err::<(), _>(HostcallError::new("failed", n.to_string()))
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<(), HostcallError>>().await
        })
        .build()
        .unwrap()
}

async fn run(runtime: &PythonRuntime) -> Function {
    let source = PythonSource::def("run", PROGRAM);
    runtime.function(source).await.unwrap()
}

/// What a call comes to.
#[derive(Debug, PartialEq)]
struct Outcome {
    output: Result<Value, String>,
    stdout: String,
    stderr: String,
    hostcalls: u64,
}

async fn outcome(call: Call<'_, Value>, seed: u64) -> (Outcome, u32) {
    let clock = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seed);
    let (output, receipt) = call.seed(seed).clock(clock).with_receipt().await;
    let outcome = Outcome {
        output: output.map_err(|error| error.to_string()),
        stdout: receipt.output.text(Stream::Stdout),
        stderr: receipt.output.text(Stream::Stderr),
        hostcalls: receipt.hostcalls,
    };
    (outcome, receipt.parks)
}

/// What the programs of `seeds` come to, `together` at once, and how often they were parked.
async fn outcomes(
    pool: PoolConfig,
    seeds: std::ops::Range<u64>,
    together: usize,
) -> (Vec<Outcome>, u32) {
    let runtime = runtime(pool);
    let run = run(&runtime).await;
    let calls = stream::iter(seeds).map(|seed| {
        let run = &run;
        async move { outcome(run.call(&json!([seed, true])), seed).await }
    });
    let outcomes: Vec<_> = calls.buffered(together).collect().await;
    let stats = runtime.stats();
    assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
    assert_eq!((stats.parked, stats.parked_bytes), (0, 0), "{stats:?}");
    let parks = outcomes.iter().map(|(_, parks)| parks).sum();
    (outcomes.into_iter().map(|(one, _)| one).collect(), parks)
}

const NEVER: Duration = Duration::from_secs(3600);

fn in_place() -> PoolConfig {
    PoolConfig::default()
        .instances(200)
        .computing(200)
        .park_after(NEVER)
}

fn compare(parked: &[Outcome], in_place: &[Outcome], case: &str) {
    for (seed, (parked, in_place)) in parked.iter().zip(in_place).enumerate() {
        assert_eq!(parked, in_place, "{case}, seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_are_parked_come_to_the_same() {
    const PROGRAMS: u64 = 200;
    let (expected, parks) = outcomes(in_place(), 0..PROGRAMS, 1).await;
    assert_eq!(parks, 0);
    let failed = expected.iter().filter(|one| one.output.is_err()).count();
    assert!((20..100).contains(&failed), "{failed}");
    let hostcalls: u64 = expected.iter().map(|one| one.hostcalls).sum();
    assert!(hostcalls > 3000, "{hostcalls}");
    let always = PoolConfig::default().park_after(Duration::ZERO);
    let soon = Duration::from_micros(50);
    for (pool, programs, together, least) in [
        (always.instances(2), PROGRAMS, 20, 500),
        (always.instances(1).computing(1).verify(true), 30, 4, 50),
        (always.instances(3).park_after(soon), PROGRAMS, 10, 1),
    ] {
        let (found, parks) = outcomes(pool, 0..programs, together).await;
        let case = format!("{pool:?} parked {parks} times");
        compare(&found, &expected, &case);
        assert!(parks >= least, "{case}");
    }
    // Without a way to reset instances, calls wait in place.
    let (found, parks) = outcomes(always.reset(ResetPolicy::Never), 0..20, 4).await;
    compare(&found, &expected, "fresh instances");
    assert_eq!(parks, 0);
}

/// A profiled call waits in place, and so does one whose thread blocks for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiled_and_blocking_calls_come_to_the_same() {
    let runtime = runtime(
        PoolConfig::default()
            .instances(1)
            .park_after(Duration::ZERO),
    );
    let run = run(&runtime).await;
    for seed in 0..10 {
        let input = json!([seed, false]);
        let expected = run.call::<_, Value>(&input).await.ok();
        let (profiled, receipt) = run.call::<_, Value>(&input).profiled().with_receipt().await;
        assert_eq!(
            profiled.as_ref().ok(),
            expected.as_ref(),
            "seed {seed} {profiled:?}"
        );
        assert_eq!(receipt.parks, 0);
        let run = run.clone();
        let blocking = move || run.call::<_, Value>(&input).run_blocking();
        let blocking = std::thread::spawn(blocking).join().unwrap();
        assert_eq!(
            blocking.as_ref().ok(),
            expected.as_ref(),
            "seed {seed} {blocking:?}"
        );
    }
}

/// Answers one of the hostcalls that `parked` waits for, or waits until it goes on by itself.
async fn go_on(
    there: &PythonRuntime,
    parked: &ParkedCall,
    draw: &mut impl FnMut(usize) -> usize,
) -> Result<Durable<Value>, String> {
    let from_bytes = || there.resume(parked.to_bytes().unwrap()).unwrap();
    let mut resume = match draw(2) {
        0 => parked.resume(),
        _ => from_bytes(),
    };
    let mut open: Vec<_> = parked.hostcalls().iter().collect();
    open.retain(|hostcall| hostcall.op != "never");
    if open.is_empty() {
        let wakes_at = parked.wakes_at().unwrap();
        let wait = wakes_at.duration_since(SystemTime::now());
        tokio::time::sleep(wait.unwrap_or_default()).await;
    }
    for _ in 0..draw(3) + 1 {
        if open.is_empty() {
            break;
        }
        let hostcall = open.swap_remove(draw(open.len()));
        let payload: Value = serde_json::from_str(&hostcall.payload).unwrap();
        let answer = match &*hostcall.op {
            "fail" => Err(HostcallError::new("failed", payload.to_string())),
            _ => Ok(payload.get(0).unwrap().clone()),
        };
        resume = resume.answer(hostcall.id, answer);
    }
    let durable = resume.output::<Value>().await;
    durable.map_err(|error| error.to_string())
}

#[tokio::test]
async fn durable_calls_that_are_answered_in_any_order_come_to_the_same() {
    let here = runtime(in_place());
    let there = runtime(PoolConfig::default().verify(true));
    let run = run(&here).await;
    let mut random = 1_u64;
    let mut draw = |below: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let mut resumed = 0;
    for seed in 0..20 {
        let call = || run.call::<_, Value>(&json!([seed, false]));
        let expected = call().await.map_err(|error| error.to_string());
        let mut durable = call().until_parked().await.map_err(|e| e.to_string());
        let found = loop {
            match durable {
                Ok(Durable::Parked(parked)) => {
                    resumed += 1;
                    durable = go_on(&there, &parked, &mut draw).await;
                }
                Ok(Durable::Done(output)) => break Ok(output),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(found, expected, "seed {seed}");
    }
    assert!(resumed > 150, "{resumed}");
    for runtime in [here, there] {
        let stats = runtime.stats();
        assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
    }
}
