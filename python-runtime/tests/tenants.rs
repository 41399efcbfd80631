//! Tenants of one pool, many of them at once: what one leaves in its interpreter, however its calls
//! end, no other finds in all of its own interpreter's memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use python_runtime::{
    CallError, CleanedBy, Function, HostcallContext, HostcallError, Isolation, Limit, Limits,
    PoolConfig, PythonError, PythonRuntime, PythonSource, ResetPolicy,
};
use serde_json::{Value, json};

/// Makes secrets, and finds them by reading all of the memory.
const MEMORY: &str = include_str!("tenants/memory.py");

/// Leaves secrets, in objects that stay and objects that are freed, and ends in one of many ways.
const LEAVE: &str = r#"
import asyncio, gc, random, sys

OWN = secret(OWNER)
kept = [OWN * n for n in range(1, 20)]

def hide():
    text = OWN.decode()
    sys.secret = {text: [OWN, text.upper()]}
    sys.intern(text)
    kept.extend(text + str(n) for n in range(500))
    del kept[::2]
    for size in (1, 10, 100, 1000, 30000):
        freed = bytearray(OWN * size)
        del freed
    cycle = [OWN * 50]
    cycle.append(cycle)
    del cycle
    random.seed(text)
    print(text)

def returns(x): hide(); return x
def raises(x): hide(); raise ValueError(OWN)
def loops(x):
    hide()
    while True: pass
def traps(x): hide(); return memory(1 << 30)[(1 << 30) - 1]
def exits(x): hide(); sys.exit(OWN.decode())
def deep(text): return deep(text + OWN)
def recurses(x): hide(); return deep(OWN)
def takes(x):
    hide()
    while True: kept.append(OWN * 100000)
def grows(x): hide(); return len(bytearray(OWN * 500000)) * x
async def waits(x, ctx):
    hide()
    await asyncio.gather(*(ctx.hostcall("same", OWN.decode()) for _ in range(20)))
    await ctx.hostcall("never", OWN.decode())
"#;

const ENDS: [&str; 9] = [
    "returns", "raises", "loops", "traps", "exits", "recurses", "takes", "grows", "waits",
];

const HUNT: &str = "def hunt(length):\n    return owners(length)\n";

/// A state so large that it is mapped and not copied.
const LARGE: &str = "TABLE = [str(n) for n in range(50000)]\n";

fn runtime(clean_state: ResetPolicy) -> PythonRuntime {
    PythonRuntime::builder()
        .hostcall("same", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<(), HostcallError>>().await
        })
        .pool(PoolConfig::default().instances(2).reset(clean_state))
        .build()
        .unwrap()
}

/// Leaves the secrets of `owner`. Nothing else reaches the caller.
async fn leave(function: Function, owner: usize) {
    let end = function.name().to_owned();
    let mut limits = Limits::default().memory(64 << 20);
    if end == "loops" {
        limits.cpu_time = Duration::from_millis(30);
    }
    let call = function.call::<_, Value>(&1).limits(limits);
    if end == "waits" {
        // Given up somewhere on its way.
        let given_up = tokio::time::timeout(Duration::from_millis(10), call.into_future());
        given_up.await.unwrap_err();
        return;
    }
    let (result, receipt) = call.with_receipt().await;
    let raised = |ty: &str| {
        let error = result.as_ref().err().and_then(PythonError::of);
        error.is_some_and(|error| error.ty == ty)
    };
    let limit = |limit| match &result {
        Err(CallError::Limit { exceeded, .. }) => exceeded.limit == limit,
        _ => false,
    };
    let is_right = match end.as_str() {
        "raises" => raises_its_own(&result, owner) && raised("ValueError"),
        "exits" => raises_its_own(&result, owner) && raised("SystemExit"),
        "recurses" => raised("RecursionError"),
        "loops" => limit(Limit::CpuTime),
        "takes" => limit(Limit::Memory),
        "traps" => matches!(result, Err(CallError::Trap { .. })),
        "grows" => result.as_ref().ok() == Some(&json!(12_000_000)),
        _ => result.as_ref().ok() == Some(&json!(1)),
    };
    assert!(is_right, "{end}: {result:?}");
    let printed = receipt.output.to_string();
    assert!(
        printed == secret(owner) + "\n",
        "{end}: {} bytes",
        printed.len()
    );
}

fn secret(owner: usize) -> String {
    format!("canary-1canary-2{owner:08}")
}

fn raises_its_own(result: &Result<Value, CallError>, owner: usize) -> bool {
    let error = result.as_ref().err().and_then(PythonError::of);
    error.is_some_and(|error| error.message.contains(&secret(owner)))
}

async fn hunter(runtime: &PythonRuntime, state: &str) -> (Function, usize) {
    let source = PythonSource::def("hunt", format!("{MEMORY}\n{state}\n{HUNT}"));
    let program = runtime.program().function("hunt", source);
    let program = program.build().await.unwrap();
    let memory = program.receipt().memory;
    (program.function("hunt").unwrap(), memory)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_finds_a_secret_of_another_in_all_of_memory() {
    for (policy, cleaned_by, rounds) in [
        (ResetPolicy::Require, CleanedBy::Reset, 6),
        (ResetPolicy::Never, CleanedBy::FreshInstance, 2),
    ] {
        let runtime = runtime(policy);
        let mut tenants = Vec::new();
        for (owner, end) in ENDS.iter().chain(&ENDS).enumerate() {
            let state = if owner % 3 == 0 { LARGE } else { "" };
            let source = format!("OWNER = {owner}\n{MEMORY}\n{state}\n{LEAVE}");
            let function = runtime.function(PythonSource::def(*end, source)).await;
            tenants.push((function.unwrap(), owner));
        }
        let hunters = [hunter(&runtime, "").await, hunter(&runtime, LARGE).await];
        let mut next = tenants.iter().cycle();
        for round in 0..rounds {
            let calls = next.by_ref().take(5);
            let calls: Vec<_> = calls
                .map(|(function, owner)| tokio::spawn(leave(function.clone(), *owner)))
                .collect();
            // Hunters are among them, and come after them.
            for _ in 0..2 {
                let [small, large] = &hunters;
                let [small, large] =
                    [small, large].map(|(hunt, memory)| hunt.call::<_, Vec<String>>(memory));
                let (small, large) = tokio::join!(small.with_receipt(), large.with_receipt());
                for (found, receipt) in [small, large] {
                    assert_eq!(found.unwrap(), [""; 0], "round {round}");
                    assert_eq!(receipt.output.to_string(), "");
                    assert_eq!(receipt.cleaned_by, Some(cleaned_by));
                }
            }
            for call in calls {
                call.await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn the_hunter_finds_what_shares_its_state() {
    let runtime = runtime(ResetPolicy::Require);
    let source = format!("OWNER = 7\n{MEMORY}\n{LEAVE}\n{HUNT}");
    let program = runtime.program().isolation(Isolation::Shared);
    let program = program
        .function("returns", PythonSource::def("returns", source.as_str()))
        .function("hunt", PythonSource::def("hunt", source.as_str()))
        .build()
        .await
        .unwrap();
    let memory = program.receipt().memory;
    let hunt = program.function("hunt").unwrap();
    let found = async || {
        let owners: Vec<String> = hunt.call(&memory).await.unwrap();
        // What was freed may be cut off.
        owners.iter().filter(|owner| *owner == "00000007").count()
    };
    let loaded = found().await;
    leave(program.function("returns").unwrap(), 7).await;
    let left = found().await;
    assert!(loaded > 100 && left > loaded + 100, "{loaded}, then {left}");
}
