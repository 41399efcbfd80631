//! Turns at computing: what waits leaves its turn to others, and resumes before they begin.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use test_support::until;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wit_wire_host::{
    Host, HostcallContext, HostcallError, Isolation, Limits, Op, PoolConfig, ResetPolicy,
};

use super::{component, function, holding, host, pool, program};

#[tokio::test]
async fn a_thousand_waiting_functions_hold_no_turn() {
    const CALLS: usize = 1_000;
    let (gate, held) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (own_gate, own_held) = (gate.clone(), held.clone());
    let hold = move |_: HostcallContext, input: usize| {
        let (gate, held) = (own_gate.clone(), own_held.clone());
        async move {
            held.fetch_add(1, SeqCst);
            drop(gate.acquire().await);
            Ok::<_, HostcallError>(input)
        }
    };
    let limits = Limits::default()
        .wait(Duration::MAX)
        .wall_time(Duration::MAX);
    let component = component(Host::builder().limits(limits).hostcall("h:hold", hold));
    let hold = function(&component, "h:hold").await;
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let hold = hold.clone();
        calls.spawn(async move {
            assert_eq!(hold.call::<_, usize>(&number).await.unwrap(), number);
        });
    }
    // As many as there are instances wait at once, though few compute.
    let instances = PoolConfig::default().instances;
    assert!(instances < CALLS && PoolConfig::default().computing < instances);
    let waiting = || {
        let stats = component.host().stats();
        (held.load(SeqCst), stats.waiting, stats.in_flight)
    };
    let all = (instances, CALLS - instances, CALLS);
    until("all instances wait", || waiting() == all).await;
    gate.add_permits(1);
    calls.join_all().await;
    assert_eq!(held.load(SeqCst), CALLS);
    let stats = || component.host().stats();
    until("all are back", || stats().idle + 1 == stats().live).await;
    assert!(stats().idle <= instances, "{:?}", stats());
}

#[tokio::test]
async fn short_calls_use_no_more_instances_than_can_compute() {
    let component = component(host(PoolConfig::default().reset(ResetPolicy::Require)));
    let echo = function(&component, "echo").await;
    let mut calls = JoinSet::new();
    for number in 0..1_000 {
        let echo = echo.clone();
        calls.spawn(async move {
            assert_eq!(echo.call::<_, usize>(&number).await.unwrap(), number);
        });
    }
    calls.join_all().await;
    let stats = || component.host().stats();
    until("all are back", || stats().idle + 1 == stats().live).await;
    assert!(
        stats().idle <= PoolConfig::default().computing,
        "{:?}",
        stats()
    );
}

/// One turn, which those who wait do not have.
#[tokio::test]
async fn who_waits_leaves_its_turn_to_the_next() {
    let (gate, noted) = (
        Arc::new(Semaphore::new(0)),
        Arc::<Mutex<Vec<Value>>>::default(),
    );
    let (own_gate, own) = (gate.clone(), noted.clone());
    let hold = move |_: HostcallContext, input: Value| {
        let (gate, noted) = (own_gate.clone(), own.clone());
        async move {
            noted.lock().unwrap().push(input.clone());
            gate.acquire().await.unwrap().forget();
            Ok::<_, HostcallError>(input)
        }
    };
    let config = pool(3).computing(1);
    let component = component(host(config).hostcall("h:hold", hold));
    let [hold, echo] = [
        function(&component, "h:hold").await,
        function(&component, "echo").await,
    ];
    // Each waits with an instance and without the turn, which the next one has meanwhile.
    let mut waiting = Vec::new();
    for number in 0..2 {
        let hold = hold.clone();
        waiting.push(tokio::spawn(async move {
            hold.call_raw(number.to_string()).await
        }));
        until("it waits", || noted.lock().unwrap().len() == number + 1).await;
    }
    assert_eq!(echo.call_raw("7").await.unwrap(), "7");
    let stats = component.host().stats();
    assert_eq!((stats.waiting, stats.in_flight), (0, 2), "{stats:?}");
    gate.add_permits(2);
    for (number, call) in waiting.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number.to_string().as_str());
    }
}

/// What has no turn of its own needs none: calls within each other, and on shared state.
#[tokio::test]
async fn calls_without_a_turn_go_on_beside_one_that_has_it() {
    let config = pool(1).computing(1);
    let inner = Arc::<Mutex<Option<wit_wire_host::Function>>>::default();
    let own = inner.clone();
    let nest = move |_: HostcallContext, input: Value| {
        let inner = own.lock().unwrap().clone().unwrap();
        async move {
            let answer = inner.call::<_, Value>(&input).await;
            answer.map_err(|error| HostcallError::new("inner", error.to_string()))
        }
    };
    let component = component(host(config).hostcall("h:nest", nest));
    let shared = component.program([Op::new("keep")]);
    let shared = shared.isolation(Isolation::Shared).build().await.unwrap();
    let nest = function(&component, "h:nest").await;
    for inner_function in [
        shared.function("keep").unwrap(),
        function(&component, "echo").await,
    ] {
        *inner.lock().unwrap() = Some(inner_function);
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let nest = nest.clone();
            calls.spawn(async move { nest.call::<_, Value>(&7).await.unwrap() });
        }
        assert_eq!(calls.join_all().await.len(), 20);
    }
    inner.lock().unwrap().take();
}

/// Their state can't be stored, so that they keep their instances; but not their turns.
#[tokio::test]
async fn a_coroutine_that_waits_in_place_leaves_its_turn_to_others() {
    let config = PoolConfig::default()
        .computing(1)
        .park_after(Duration::ZERO);
    let (host, gate) = holding(host(config));
    let component = component(host);
    let program = program(&component, &["wait", "echo"]).await;
    let [wait, echo] = ["wait", "echo"].map(|op| program.function(op).unwrap());
    let input = r#"{"calls":[{"id":1,"op":"h:hold","payload":1}],"park":true}"#;
    let limits = Limits::default().state(1);
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let wait = wait.clone();
            tokio::spawn(async move { wait.call_raw(input).limits(limits).with_receipt().await })
        })
        .collect();
    let in_flight = || component.host().stats().in_flight == 3;
    until("all wait", in_flight).await;
    assert_eq!(echo.call_raw("7").await.unwrap(), "7");
    gate.add_permits(3);
    for call in calls {
        let (answer, receipt) = call.await.unwrap();
        assert_eq!(answer.unwrap(), r#"[{"id":1,"ok":null}]"#);
        assert_eq!(receipt.parks, 0);
    }
}
