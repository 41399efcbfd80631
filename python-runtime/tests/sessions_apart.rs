//! Sessions and parked calls as others see them: not at all. And how a session's calls may end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use python_runtime::{
    CallError, Durable, HostcallContext, HostcallError, Limits, PoolConfig, Program, PythonError,
    PythonRuntime, PythonSource, ResetPolicy, Session, SourceTree,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// Makes secrets, and finds them by reading all of the memory.
const MEMORY: &str = include_str!("tenants/memory.py");

const TENANT: &str = r#"
import asyncio, random, sys

OWN = secret(OWNER)
kept = []

def hide():
    text = OWN.decode()
    sys.secret = {text: [OWN, text.upper()]}
    kept.extend(text + str(n) for n in range(300))
    del kept[::2]
    for size in (1, 100, 30000):
        freed = bytearray(OWN * size)
        del freed
    random.seed(text)
    print(text)

def leave(length):
    hide()
    return owners(length)

async def wait(length, ctx):
    hide()
    await ctx.hostcall("meet", OWN.decode())
    found = owners(length)
    await asyncio.sleep(0.0001)
    hide()
    await asyncio.gather(*(ctx.hostcall("same", OWN.decode()) for _ in range(3)))
    return found + owners(length)

async def fails(length, ctx):
    await wait(length, ctx)
    raise ValueError(sorted(set(owners(length))))

async def never(length, ctx):
    hide()
    await ctx.hostcall("never", OWN.decode())

def hunt(length):
    return owners(length)
"#;

const OPS: [&str; 5] = ["leave", "wait", "fails", "never", "hunt"];

fn runtime(policy: ResetPolicy, all: usize) -> PythonRuntime {
    let barrier = Arc::new(Barrier::new(all));
    let pool = PoolConfig::default()
        .instances(if policy == ResetPolicy::Never { 64 } else { 2 })
        .park_after(Duration::ZERO)
        .reset(policy);
    PythonRuntime::builder()
        .pool(pool)
        .hostcall("meet", move |_: HostcallContext, value: Value| {
            let barrier = barrier.clone();
            async move {
                barrier.wait().await;
                Ok::<_, HostcallError>(value)
            }
        })
        .hostcall("same", async |_: HostcallContext, value: Value| {
            tokio::task::yield_now().await;
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<(), HostcallError>>().await
        })
        .build()
        .unwrap()
}

/// A tenant's program, and how much memory it has. Number 0 has no secret.
async fn tenant(runtime: &PythonRuntime, owner: usize) -> (Program, usize) {
    // The state of each third is so large that it is mapped and not copied.
    let large = match owner % 3 {
        2 => "TABLE = [str(n) for n in range(50000)]\n",
        _ => "",
    };
    let tenant = match owner {
        0 => "def hunt(length):\n    return owners(length)\n",
        _ => TENANT,
    };
    let source = format!("OWNER = {owner}\n{MEMORY}\n{large}\n{tenant}");
    let mut program = runtime.program();
    for op in OPS {
        if owner != 0 || op == "hunt" {
            program = program.function(op, PythonSource::def(op, source.as_str()));
        }
    }
    let program = program.build().await.unwrap();
    let memory = program.receipt().memory;
    (program, memory)
}

/// Whose secrets are among `bytes`.
fn owners_in(bytes: &[u8]) -> BTreeSet<String> {
    const MARK: &[u8] = b"canary-1canary-2";
    let found = bytes.windows(MARK.len() + 8);
    let found = found.filter(|bytes| bytes.starts_with(MARK));
    found
        .map(|bytes| String::from_utf8_lossy(bytes.split_at(MARK.len()).1).into_owned())
        // What was freed may be cut off.
        .filter(|owner| owner.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

/// What a call found are its own tenant's secrets alone, and some of them.
fn assert_own(found: Vec<String>, owner: usize, case: &str) {
    let own = format!("{owner:08}");
    let is_whole =
        |found: &String| found.len() == 8 && found.bytes().all(|byte| byte.is_ascii_digit());
    let found: BTreeSet<_> = found.into_iter().filter(is_whole).collect();
    let expected = BTreeSet::from_iter((owner > 0).then_some(own));
    assert_eq!(found, expected, "{case} of {owner}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_sessions_nor_parked_calls_are_seen_by_others() {
    for (policy, all) in [(ResetPolicy::Require, 5), (ResetPolicy::Never, 2)] {
        let is_data = policy == ResetPolicy::Require;
        // Of each tenant a call that returns, one that fails, and one of a session.
        let runtime = runtime(policy, 3 * all);
        let mut tenants = Vec::new();
        for owner in 1..=all {
            let (program, memory) = tenant(&runtime, owner).await;
            tenants.push((owner, program.session(), program, memory));
        }
        let (hunter, length) = tenant(&runtime, 0).await;
        let hunt = hunter.function("hunt").unwrap();
        let hunt = async || {
            let found = hunt.call::<_, Vec<String>>(&length).await;
            assert_eq!(found.unwrap(), [""; 0]);
        };
        let calls = tenants
            .iter()
            .map(async |(owner, session, program, memory)| {
                let function = |op| program.function(op).unwrap();
                let [wait, fails, never] = ["wait", "fails", "never"].map(function);
                let wait = wait.call::<_, Vec<String>>(memory).into_future();
                let fails = fails.call::<_, Value>(memory).into_future();
                let in_session = session.call::<_, Vec<String>>("wait", memory).into_future();
                let never = never.call::<_, Value>(memory).into_future();
                let given_up = tokio::time::timeout(Duration::from_millis(20), never);
                let (waited, failed, in_session, given_up) =
                    tokio::join!(wait, fails, in_session, given_up);
                given_up.unwrap_err();
                assert_own(waited.unwrap(), *owner, "parked call");
                assert_own(in_session.unwrap(), *owner, "parked call of a session");
                let failed = failed.unwrap_err();
                assert_eq!(owners_in(failed.to_string().as_bytes()), BTreeSet::new());
                let failed = PythonError::of(&failed).unwrap();
                let found = failed.message.split('\'').map(str::to_owned).collect();
                assert_own(found, *owner, "failed call");
                hunt().await;
            });
        join_all(calls).await;
        for (owner, session, program, memory) in &tenants {
            hunt().await;
            let call = async |session: &python_runtime::Session, op| {
                let (found, receipt) = session
                    .call::<_, Vec<String>>(op, memory)
                    .with_receipt()
                    .await;
                assert_own(found.unwrap(), *owner, op);
                let printed = owners_in(receipt.output.to_string().as_bytes());
                assert!(printed.iter().all(|found| *found == format!("{owner:08}")));
            };
            call(session, "leave").await;
            call(session, "hunt").await;
            call(&program.session(), "hunt").await;
            if !is_data {
                continue;
            }
            let fork = session.fork().unwrap();
            call(&fork, "hunt").await;
            hunt().await;
            let own = BTreeSet::from([format!("{owner:08}")]);
            let snapshot = session.snapshot().await.unwrap().into_bytes();
            assert_eq!(owners_in(&snapshot), own);
            let durable = program.function("never").unwrap();
            let durable = durable.call::<_, Value>(memory).until_parked().await;
            let Durable::Parked(parked) = durable.unwrap() else {
                panic!("it waits");
            };
            let bytes = parked.to_bytes().unwrap();
            assert_eq!(owners_in(&bytes), own);
            hunt().await;
        }
        let stats = runtime.stats();
        assert_eq!((stats.parked, stats.discarded.unclean), (0, 0), "{stats:?}");
    }
}

const ENDS: &str = r#"
import sys, time

# All functions of the program have the same.
seen = vars(sys).setdefault("seen", [])

def keeps(x): seen.append(x); return seen
def raises(x): seen.append(x); raise ValueError(seen)
def exits(x): seen.append(x); sys.exit(3)
def loops(x):
    seen.append(x)
    while True: pass
def takes(x): seen.append(x); return len(bytearray(300 << 20))
def tells(x): seen.append(x); return "x" * 100_000
def lists(x): seen.append(x); return [0] * 50_000
def sleeps(x): seen.append(x); time.sleep(0.001); return seen
def big(x): seen.append(bytes(range(256)) * (1 << 15)); return len(seen)
async def waits(x, ctx):
    seen.append(x)
    await ctx.hostcall("never")
async def resumes(x, ctx):
    seen.append(x)
    await ctx.hostcall("same", x)
    return seen
async def resumes_and_loops(x, ctx):
    await resumes(x, ctx)
    while True: pass
async def resumes_and_exits(x, ctx):
    await resumes(x, ctx)
    sys.exit(3)
async def resumes_and_takes(x, ctx):
    await resumes(x, ctx)
    return len(bytearray(300 << 20))
async def resumes_and_raises(x, ctx):
    await resumes(x, ctx)
    raise ValueError(seen)
"#;

/// What ends a call, and whether what it had changed stays.
const CASES: [(&str, &str, bool); 15] = [
    ("keeps", "", true),
    ("raises", "failed", true),
    ("exits", "failed", true),
    ("loops", "limit_cpu_time", false),
    ("takes", "limit_memory", false),
    ("tells", "limit_output", false),
    ("lists", "limit_json_nodes", false),
    ("waits", "limit_deadline", false),
    ("sleeps", "", true),
    ("big", "limit_state", false),
    ("resumes", "", true),
    ("resumes_and_loops", "limit_cpu_time", false),
    ("resumes_and_exits", "failed", true),
    ("resumes_and_takes", "limit_memory", false),
    ("resumes_and_raises", "failed", true),
];

#[tokio::test]
async fn calls_of_a_session_are_transactions() {
    let runtime = runtime(ResetPolicy::Require, 1);
    let limits = Limits::default()
        .cpu_time(Duration::from_millis(50))
        .output(200_000)
        .json_nodes(20_000)
        .state(4 << 20);
    let mut program = runtime.program();
    for (op, ..) in CASES {
        program = program.function(op, PythonSource::def(op, ENDS));
    }
    let session = program.build().await.unwrap().session();
    let mut seen = Vec::new();
    for (n, (op, kind, stays)) in CASES.iter().chain(&CASES).enumerate() {
        let limits = match *op {
            "tells" => limits.output(50_000),
            _ => limits,
        };
        let call = session.call::<_, Value>(op, &n).limits(limits);
        let soon = std::time::Instant::now() + Duration::from_millis(20);
        let result: Result<Value, CallError> = match *op {
            "waits" => call.deadline(soon).await,
            _ => call.await,
        };
        match &result {
            Ok(_) => assert_eq!(*kind, "", "{op}"),
            Err(error) => assert_eq!(error.kind(), *kind, "{op}: {error}"),
        }
        if *stays {
            seen.push(n);
        }
        // A look at it that changes nothing.
        let fork = session.fork().unwrap();
        let found: Value = fork.call("keeps", &99).await.unwrap();
        let mut expected = seen.clone();
        expected.push(99);
        assert_eq!(found, json!(expected), "{op}");
    }
    let stats = runtime.stats();
    assert_eq!((stats.parked, stats.in_flight), (0, 0), "{stats:?}");
    assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
}

#[tokio::test]
async fn a_session_of_a_large_program_takes_what_it_changed() {
    let pool = PoolConfig::default().instances(2).verify(true);
    let soon = async |_: HostcallContext, n: u64| Ok::<_, HostcallError>(n);
    let runtime = PythonRuntime::builder().hostcall("soon", soon).pool(pool);
    let runtime = runtime.build().unwrap();
    let source = "\
table = [str(number) for number in range(60_000)]

def put(at):
    table[at] = table[at] * 2
    return table[at]

async def put_later(at, ctx):
    await ctx.hostcall('soon', 1)
    return put(at)
";
    let tree = SourceTree::new().file("table.py", source).unwrap();
    let tree = Arc::new(tree);
    let program = runtime.program();
    let program = ["put", "put_later"]
        .into_iter()
        .fold(program, |program, name| {
            let target = format!("table:{name}");
            let source = PythonSource::from_tree(tree.clone(), &target).unwrap();
            program.function(name, source)
        });
    let program = program.build().await.unwrap();
    let large = program.size().unwrap().bytes;
    assert!(large > 2 << 20, "mapped: {large}");
    let session = program.session();
    let put =
        async |session: &Session, op, at: usize| session.call::<_, String>(op, &at).await.unwrap();
    assert_eq!(put(&session, "put", 7).await, "77");
    let fork = session.fork().unwrap();
    assert_eq!(put(&session, "put_later", 7).await, "7777");
    assert_eq!(put(&fork, "put_later", 50_000).await, "5000050000");
    assert_eq!(put(&fork, "put", 7).await, "7777");
    let plain = program.function("put").unwrap();
    assert_eq!(plain.call::<_, String>(&7).await.unwrap(), "77");
    for session in [session, fork] {
        let size = session.size().unwrap().bytes;
        assert!(size < large / 20, "{size} of {large}");
    }
    assert_eq!(runtime.stats().discarded.unclean, 0);
}
