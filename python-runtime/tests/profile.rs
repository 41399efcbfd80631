//! What a call spends its time on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;
use std::time::Duration;

use python_runtime::{
    CallError, Function, HostcallContext, HostcallError, Isolation, Profile, PythonError,
    PythonRuntime, PythonSource, Receipt,
};
use serde_json::{Value, json};

static RUNTIME: LazyLock<PythonRuntime> = LazyLock::new(|| {
    let who =
        async |context: HostcallContext, _: Value| Ok::<_, HostcallError>(json!(context.op()));
    PythonRuntime::builder()
        .hostcall("who", who)
        .build()
        .unwrap()
});

const SOURCE: &str = "
import asyncio, re

seen = []

def square(x):
    return x * x

def squares(n):
    return [square(x) for x in range(n)]

def work(n, ctx):
    seen.append(n)
    squares(n)
    re.sub('a+', 'b', 'a' * 100_000)
    return [len(seen), ctx.hostcall('who')]

async def wait(n, ctx):
    async def one():
        await asyncio.sleep(0)
        return await ctx.hostcall('who')
    return await asyncio.gather(*(one() for _ in range(n)))

def deep(n):
    return n and deep(n - 1)

def fail(n):
    squares(n)
    raise LookupError(n)

def odd(n):
    code = compile('def f(n):\\n  return n', 'a;b\\n\\ud800 c', 'exec')
    names = {}
    exec(code, names)
    return names['f'](n)
";

async fn function(name: &str) -> Function {
    let program = RUNTIME
        .program()
        .function("it", PythonSource::def(name, SOURCE));
    program.build().await.unwrap().function("it").unwrap()
}

async fn profiled(name: &str, input: i64) -> (Result<Value, CallError>, Receipt) {
    let function = function(name).await;
    function.call(&input).profiled().with_receipt().await
}

/// The time of all stacks that end so.
fn time(profile: &Profile, end: &[&str]) -> Option<Duration> {
    let names = |stack: &[String]| -> Vec<String> {
        let name = |function: &String| function.split(" (").next().unwrap_or_default().to_owned();
        stack.iter().map(name).collect()
    };
    let stacks = profile.stacks().filter(|(stack, _)| {
        names(stack).ends_with(&end.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    });
    stacks
        .map(|(_, time)| time)
        .reduce(|one, other| one + other)
}

#[tokio::test]
async fn a_call_says_which_functions_took_its_time() {
    let (answer, receipt) = profiled("work", 2_000).await;
    // As it is for any call.
    assert_eq!(answer.unwrap(), json!([1, "it"]));
    assert_eq!(
        (receipt.isolation, receipt.hostcalls),
        (Isolation::PerCall, 1)
    );
    assert_eq!(receipt.bytes_out, 8);
    let profile = receipt.profile.unwrap();
    for end in [
        &["work", "squares", "square"][..],
        &["work", "squares"],
        &["work", "hostcall who"],
    ] {
        assert!(time(&profile, end).is_some(), "{end:?} in\n{profile}");
    }
    assert!(profile.to_string().contains("square (<it>:6)"), "{profile}");
    let all: Duration = profile.stacks().map(|(_, time)| time).sum();
    assert!(
        all <= receipt.wall_time,
        "{all:?} of {:?}",
        receipt.wall_time
    );
    // Nothing of the guest's own is among them.
    assert!(!profile.to_string().contains("wit_wire_guest"), "{profile}");

    let work = function("work").await;
    for _ in 0..2 {
        let (answer, receipt) = work.call::<_, Value>(&1).with_receipt().await;
        assert_eq!((answer.unwrap(), receipt.profile), (json!([1, "it"]), None));
        work.call::<_, Value>(&1).profiled().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_coroutine_waits_for_is_told() {
    let (answer, receipt) = profiled("wait", 3).await;
    assert_eq!(answer.unwrap(), json!(["it", "it", "it"]));
    let profile = receipt.profile.unwrap();
    let waiting = time(&profile, &["waiting for hostcalls and timers"]);
    assert!(waiting.is_some(), "{profile}");
    assert!(!profile.to_string().contains("run_forever"), "{profile}");
}

#[tokio::test]
async fn a_call_that_fails_has_a_profile_and_its_own_error() {
    let (failed, receipt) = profiled("fail", 1_000).await;
    let plain = function("fail").await.call::<_, Value>(&1_000).await;
    let of = |result: Result<Value, CallError>| PythonError::of(&result.unwrap_err()).unwrap();
    assert_eq!(of(failed), of(plain));
    let profile = receipt.profile.unwrap();
    assert!(
        time(&profile, &["fail", "squares", "square"]).is_some(),
        "{profile}"
    );

    let text = function("square").await;
    let (failed, receipt) = text.call_raw("{").profiled().with_receipt().await;
    assert!(
        matches!(failed, Err(CallError::InvalidInput { .. })),
        "{failed:?}"
    );
    assert!(receipt.profile.is_some());
}

#[tokio::test]
async fn stacks_of_any_depth_and_name_are_told() {
    let (answer, receipt) = profiled("deep", 800).await;
    assert_eq!(answer.unwrap(), 0);
    let profile = receipt.profile.unwrap();
    let deepest = profile.stacks().map(|(stack, _)| stack.len()).max();
    assert!(deepest <= Some(200), "{deepest:?}");

    let (answer, receipt) = profiled("odd", 1).await;
    assert_eq!(answer.unwrap(), 1);
    for line in receipt.profile.unwrap().to_string().lines() {
        let (_, micros) = line.rsplit_once(' ').unwrap();
        assert!(micros.parse::<u64>().is_ok(), "{line}");
    }
}
