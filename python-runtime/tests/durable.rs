//! Calls that end where they wait, and go on later.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use python_runtime::{
    Call, CallError, Durable, Function, HostcallContext, HostcallError, Limit, Limits, ParkedCall,
    PythonError, PythonRuntime, PythonSource,
};
use serde_json::{Value, json};

fn runtime() -> PythonRuntime {
    PythonRuntime::builder().build().unwrap()
}

async fn f(runtime: &PythonRuntime, source: &str) -> Function {
    let source = format!("import asyncio\n{source}");
    let function = runtime.function(PythonSource::def("f", source)).await;
    function.unwrap_or_else(|error| panic!("{error}"))
}

async fn parked(call: Call<'_, Value>) -> ParkedCall {
    match call.until_parked().await.unwrap() {
        Durable::Parked(parked) => parked,
        Durable::Done(output) => panic!("done: {output}"),
    }
}

fn done<O: std::fmt::Debug>(durable: Durable<O>) -> O {
    match durable {
        Durable::Done(output) => output,
        Durable::Parked(parked) => panic!("{parked:?}"),
    }
}

/// The ids of the hostcalls that it waits for, by the number in their payload.
fn id_of(parked: &ParkedCall, payload: &str) -> u64 {
    let mut hostcalls = parked.hostcalls().iter();
    let found = hostcalls.find(|hostcall| hostcall.payload == payload);
    found.unwrap_or_else(|| panic!("{parked:?}")).id
}

const ORDER: &str = "
async def f(order, ctx):
    seen = []
    first, second = await asyncio.gather(ctx.hostcall('stock', 1), ctx.hostcall('stock', 2))
    seen.append(first + second)
    try:
        seen.append(await ctx.hostcall('approval', order))
    except ctx.HostcallError as error:
        seen.append(error.code)
    return seen
";

#[tokio::test]
async fn a_call_goes_on_in_another_runtime_from_bytes() {
    let here = runtime();
    let order = f(&here, ORDER).await;
    let first = parked(order.call(&json!({"id": 7}))).await;
    assert_eq!(first.op(), "f");
    let ops: Vec<_> = first
        .hostcalls()
        .iter()
        .map(|call| call.op.as_str())
        .collect();
    assert_eq!(ops, ["stock", "stock"]);
    assert_eq!(first.wakes_at(), None);
    let bytes = first.to_bytes().unwrap();
    drop((order, here));

    let there = runtime();
    // One answer after the other, in any order.
    let resumed = there.resume(bytes).unwrap();
    let resumed = resumed.answer(id_of(&first, "2"), Ok(40));
    let Durable::Parked(second) = resumed.await.unwrap() else {
        panic!("it waits for another answer");
    };
    assert_eq!(second.hostcalls().len(), 1);
    let resumed = second.resume().answer(id_of(&second, "1"), Ok(2));
    let Durable::Parked(third) = resumed.await.unwrap() else {
        panic!("it waits for an approval");
    };
    let [approval] = third.hostcalls() else {
        panic!("{third:?}")
    };
    assert_eq!(
        (approval.op.as_str(), approval.payload.as_str()),
        ("approval", "{\"id\":7}")
    );

    // Two ways to go on from the same state, each from bytes of its own.
    let again = runtime();
    let bytes = third.to_bytes().unwrap();
    for (answer, expected) in [
        (Ok(json!("Ada")), json!([42, "Ada"])),
        (
            Err(HostcallError::new("refused", "no")),
            json!([42, "refused"]),
        ),
    ] {
        let resumed = again.resume(bytes.clone()).unwrap();
        let resumed = resumed.answer(approval.id, answer).output::<Value>();
        let (durable, receipt) = resumed.with_receipt().await;
        assert_eq!(done(durable.unwrap()), expected);
        assert_eq!(receipt.unwrap().hostcalls, 3);
    }
}

#[tokio::test]
async fn an_answer_nobody_waits_for_is_an_error_and_none_at_all_parks_again() {
    let runtime = runtime();
    let order = f(&runtime, ORDER).await;
    let first = parked(order.call(&json!(1))).await;
    let known: Vec<u64> = first
        .hostcalls()
        .iter()
        .map(|hostcall| hostcall.id)
        .collect();
    let error = first.resume().answer(99, Ok(1)).await.unwrap_err();
    let CallError::UnknownHostcall {
        id: 99,
        known: named,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(named, known);
    let Durable::Parked(again) = first.resume().await.unwrap() else {
        panic!("nothing was answered");
    };
    assert_eq!(again.hostcalls(), first.hostcalls());
}

#[tokio::test]
async fn a_sleep_is_a_time_and_the_clocks_go_on() {
    let runtime = runtime();
    let sleep = f(
        &runtime,
        "
import time

async def f(seconds):
    began, began_day = time.monotonic(), time.time()
    await asyncio.sleep(seconds)
    return [time.monotonic() - began, time.time() - began_day]
",
    )
    .await;
    let hour = parked(sleep.call(&json!(3600))).await;
    let wakes_in = hour.wakes_at().unwrap().duration_since(SystemTime::now());
    assert!(wakes_in.unwrap() > Duration::from_secs(3500));
    assert!(hour.hostcalls().is_empty());
    // Too early.
    let Durable::Parked(still) = hour.resume().await.unwrap() else {
        panic!("an hour has not passed");
    };
    assert!(still.wakes_at().is_some());

    let moment = parked(sleep.call(&json!(0.01))).await;
    let bytes = moment.to_bytes().unwrap();
    let wakes_at = moment.wakes_at().unwrap();
    test_support::until_blocking("the time has come", || SystemTime::now() >= wakes_at);
    let resumed = runtime.resume(bytes).unwrap().output::<[f64; 2]>();
    let [monotonic, day] = done(resumed.await.unwrap());
    assert!(monotonic >= 0.01 && day >= 0.0099, "{monotonic} {day}");
}

#[tokio::test]
async fn the_host_makes_only_immediate_hostcalls() {
    let made = Arc::new(AtomicU64::new(0));
    let count = |made: &Arc<AtomicU64>| {
        let made = made.clone();
        move |_: HostcallContext, n: u64| {
            made.fetch_add(1, SeqCst);
            async move { Ok::<_, HostcallError>(n + 1) }
        }
    };
    let runtime = PythonRuntime::builder()
        .hostcall("pay", count(&made))
        .hostcall("next", count(&made))
        .immediate(["next"])
        .build()
        .unwrap();
    let source = "
async def f(n, ctx):
    n, paid = await asyncio.gather(ctx.hostcall('next', n), ctx.hostcall('pay', n))
    return [n, paid]
";
    let pay = f(&runtime, source).await;
    let waits = parked(pay.call(&json!(1))).await;
    assert_eq!(made.load(SeqCst), 1);
    let [awaited] = waits.hostcalls() else {
        panic!("{waits:?}")
    };
    assert_eq!(awaited.op, "pay");
    let resumed = waits.resume().answer(awaited.id, Ok("paid"));
    let output = done(resumed.output::<Value>().await.unwrap());
    assert_eq!((output, made.load(SeqCst)), (json!([2, "paid"]), 1));

    // A function that does not await has no way to wait.
    let source = "def f(n, ctx):\n    return [ctx.hostcall('next', n), ctx.hostcall('pay', n)]\n";
    let plain = f(&runtime, source).await;
    let error = plain.call::<_, Value>(&1).until_parked().await.unwrap_err();
    let error = PythonError::of(&error).unwrap();
    assert_eq!(error.hostcall.unwrap().code, "op_409");
    assert_eq!(made.load(SeqCst), 2);
}

#[tokio::test]
async fn what_is_fixed_stays_fixed_and_goes_on() {
    let runtime = runtime();
    let source = "
import os, time

async def f(n, ctx):
    seen = [os.urandom(4).hex(), time.time()]
    await ctx.hostcall('wait')
    return seen + [os.urandom(4).hex(), time.time()]
";
    let f = f(&runtime, source).await;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let call = || f.call::<_, Value>(&1).seed(7).clock(time);
    let first = parked(call()).await;
    let id = first.hostcalls()[0].id;
    let bytes = first.to_bytes().unwrap();
    let mut outputs = Vec::new();
    for _ in 0..2 {
        let resumed = runtime.resume(bytes.clone()).unwrap().answer(id, Ok(()));
        outputs.push(done(resumed.output::<Value>().await.unwrap()));
    }
    assert_eq!(outputs[0], outputs[1]);
    let [before, _, after, _] = outputs[0].as_array().unwrap().as_slice() else {
        panic!("{outputs:?}")
    };
    assert_ne!(before, after);
    assert_eq!(outputs[0][1], outputs[0][3]);
}

#[tokio::test]
async fn copies_draw_different_numbers() {
    let runtime = runtime();
    let source = "
import random

async def f(n, ctx):
    random.random()
    await ctx.hostcall('wait')
    return random.random()
";
    let f = f(&runtime, source).await;
    let first = parked(f.call(&json!(1))).await;
    let id = first.hostcalls()[0].id;
    let mut drawn = Vec::new();
    for _ in 0..3 {
        let resumed = first.resume().answer(id, Ok(())).output::<f64>();
        drawn.push(done(resumed.await.unwrap()));
    }
    assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2], "{drawn:?}");
}

#[tokio::test]
async fn limits_count_from_the_beginning() {
    let runtime = runtime();
    let source = "
async def f(n, ctx):
    for _ in range(n):
        await ctx.hostcall('wait')
";
    let f = f(&runtime, source).await;
    let limits = Limits::default().hostcalls(2);
    let mut waits = parked(f.call(&json!(3)).limits(limits)).await;
    let mut error = None;
    for _ in 0..2 {
        let id = waits.hostcalls()[0].id;
        match waits.resume().answer(id, Ok(())).limits(limits).await {
            Ok(Durable::Parked(next)) => waits = next,
            Ok(Durable::Done(output)) => panic!("{output}"),
            Err(limit) => error = Some(limit),
        }
    }
    let Some(CallError::Limit { exceeded, .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(exceeded.limit, Limit::Hostcalls);
}

#[tokio::test]
async fn a_host_that_shuts_down_hands_parked_calls_over() {
    let never = async |_: HostcallContext, _: Value| {
        std::future::pending::<Result<Value, HostcallError>>().await
    };
    let here = PythonRuntime::builder()
        .hostcall("never", never)
        .build()
        .unwrap();
    let source = "async def f(n, ctx):\n    return [n, await ctx.hostcall('never', n)]\n";
    let waits = f(&here, source).await;
    let calls: Vec<_> = (0..3)
        .map(|n| {
            let waits = waits.clone();
            tokio::spawn(async move { waits.call::<_, Value>(&n).await })
        })
        .collect();
    test_support::until("all are parked", || here.stats().parked == 3).await;
    let handed_over = here.hand_over().await;
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::HandedOver { .. }), "{error}");
    }
    let there = runtime();
    let mut outputs = Vec::new();
    for bytes in handed_over {
        let resume = there.resume(bytes).unwrap();
        let [awaited] = resume.hostcalls() else {
            panic!("{resume:?}")
        };
        let (id, doubled) = (awaited.id, awaited.payload.parse::<u64>().unwrap() * 2);
        assert_eq!(awaited.op, "never");
        let resumed = resume.answer(id, Ok(doubled)).output::<[u64; 2]>();
        outputs.push(done(resumed.await.unwrap()));
    }
    outputs.sort_unstable();
    assert_eq!(outputs, [[0, 0], [1, 2], [2, 4]]);
}
