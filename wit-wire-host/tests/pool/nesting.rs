//! Calls made by hostcalls, in a pool that is full.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use test_support::until;
use wit_wire_host::{CallError, Function, HostcallContext, HostcallError, Limit};

use super::{component, function, host, pool, program};

#[tokio::test]
async fn a_pool_of_one_serves_calls_nested_eight_deep() {
    static NEST: OnceLock<Function> = OnceLock::new();
    let nest = async |_: HostcallContext, left: u32| {
        if left == 0 {
            return Ok(Value::Null);
        }
        let inner = NEST.get().unwrap().call::<_, Value>(&(left - 1)).await;
        inner.map_err(|error| HostcallError::new(error.kind(), error.to_string()))
    };
    let component = component(host(pool(1)).hostcall("h:nest", nest));
    NEST.set(function(&component, "h:nest").await).ok().unwrap();
    let nest = NEST.get().unwrap();
    nest.call::<_, Value>(&8).await.unwrap();
    let error = nest.call::<_, Value>(&9).await.unwrap_err();
    let CallError::Handler { message, .. } = &error else {
        panic!("{error}")
    };
    // Told from level to level, from the inside outwards.
    let mut told: HostcallError = serde_json::from_str(message).unwrap();
    assert_eq!(told.code, "failed");
    for _ in 0..7 {
        let (_, inner) = told.message.split_once(" failed: ").unwrap();
        told = serde_json::from_str(inner).unwrap();
    }
    let (_, inner) = told.message.split_once(" failed: ").unwrap();
    let innermost: HostcallError = serde_json::from_str(inner).unwrap();
    assert_eq!(innermost.code, Limit::Nesting.kind());
    // Many such towers on one instance.
    let towers = (0..20).map(|_| tokio::spawn(nest.call::<_, Value>(&8).into_future()));
    for tower in towers.collect::<Vec<_>>() {
        tower.await.unwrap().unwrap();
    }
}

/// Calls at work at once, and the most there were.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[tokio::test]
async fn calls_that_one_call_makes_together_take_turns_in_a_full_pool() {
    static INNER: OnceLock<Function> = OnceLock::new();
    let gauge = Arc::<Gauge>::default();
    let counted = gauge.clone();
    let at_work = move |_: HostcallContext, input: Value| {
        let gauge = counted.clone();
        async move {
            let now = gauge.now.fetch_add(1, Ordering::SeqCst) + 1;
            gauge.most.fetch_max(now, Ordering::SeqCst);
            // The batch comes back with its first answer: not before there were two.
            until("two are at work", || gauge.most.load(Ordering::SeqCst) >= 2).await;
            gauge.now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, HostcallError>(input)
        }
    };
    let inner = async |_: HostcallContext, input: u64| {
        let function = INNER.get().unwrap();
        function
            .call::<_, u64>(&input)
            .await
            .map_err(|error| HostcallError::new("inner", error.to_string()))
    };
    let host = host(pool(2))
        .hostcall("h:work", at_work)
        .hostcall("inner", inner);
    let component = component(host);
    INNER
        .set(function(&component, "h:work").await)
        .ok()
        .unwrap();
    let batch = function(&component, "y:wit-wire:batch").await;
    let calls: Vec<_> = (0..50)
        .map(|id| json!({"id": id, "op": "inner", "payload": id}))
        .collect();
    // The batch comes back with the first answers, which ends the others.
    let answers: Vec<Value> = batch.call(&json!({"calls": calls})).await.unwrap();
    assert!(!answers.is_empty());
    for answer in &answers {
        assert_eq!(answer.get("ok"), answer.get("id"), "{answer}");
    }
    // One with the nested permit of the call that makes them, and one with the permit that is left.
    assert_eq!(gauge.most.load(Ordering::SeqCst), 2);
}

/// What calls wait for: a call of a function, by a hostcall.
fn calls_inner(id: u64) -> Value {
    json!({"calls": [{"id": id, "op": "inner", "payload": id}], "park": true})
}

#[tokio::test]
async fn parked_calls_bring_no_instances_of_their_own() {
    static INNER: OnceLock<Function> = OnceLock::new();
    let gauge = Arc::<Gauge>::default();
    let counted = gauge.clone();
    let at_work = move |_: HostcallContext, input: Value| {
        let gauge = counted.clone();
        async move {
            let now = gauge.now.fetch_add(1, Ordering::SeqCst) + 1;
            gauge.most.fetch_max(now, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            gauge.now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, HostcallError>(input)
        }
    };
    let inner = async |_: HostcallContext, input: u64| {
        tokio::task::yield_now().await;
        let inner = INNER.get().unwrap().call::<_, u64>(&input).await;
        inner.map_err(|error| HostcallError::new("inner", error.to_string()))
    };
    let host = host(pool(2).park_after(Duration::ZERO))
        .hostcall("h:work", at_work)
        .hostcall("inner", inner);
    let component = component(host);
    let program = program(&component, &["wait", "h:work"]).await;
    INNER.set(program.function("h:work").unwrap()).ok().unwrap();
    let wait = program.function("wait").unwrap();
    let calls = (0..50).map(|id| {
        let (wait, input) = (wait.clone(), calls_inner(id));
        tokio::spawn(async move { wait.call::<_, Value>(&input).await })
    });
    for (id, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), json!([{"id": id, "ok": id}]));
    }
    // Two, and one more for each of two calls that wait.
    let most = gauge.most.load(Ordering::SeqCst);
    assert!(most <= 4, "{most}");
}
