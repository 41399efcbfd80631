//! The pool: who waits, who is refused, what becomes of instances, and programs as data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::Duration;

use common::component;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use wit_wire_host::{
    Component, Error, Function, Host, HostBuilder, HostcallContext, HostcallError, Isolation,
    Limit, Limits, Op, PoolConfig, Program, ResetPolicy, SnapshotError,
};

fn host(config: PoolConfig) -> HostBuilder {
    Host::builder().pool(config)
}

/// A pool of `instances` whose every reset is looked at.
fn pool(instances: usize) -> PoolConfig {
    PoolConfig::default()
        .instances(instances)
        .reset(ResetPolicy::Require)
        .verify(true)
}

async fn program(component: &Component, ops: &[&str]) -> Program {
    let ops = ops.iter().map(|name| Op::new(*name));
    component.program(ops).build().await.unwrap()
}

async fn function(component: &Component, op: &str) -> Function {
    program(component, &[op]).await.function(op).unwrap()
}

/// Waits, in turns with other tasks, until `is_so`.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

fn exceeded(error: &CallError) -> Limit {
    match error {
        CallError::Limit { exceeded, .. } => exceeded.limit,
        other => panic!("{other}"),
    }
}

/// A hostcall `h:hold` that comes back once it is let go.
fn holding(builder: HostBuilder) -> (HostBuilder, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let own = gate.clone();
    let hold = move |_: HostcallContext, _: Value| {
        let gate = own.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok::<_, HostcallError>(Value::Null)
        }
    };
    (builder.hostcall("h:hold", hold), gate)
}

#[tokio::test]
async fn a_pool_of_one_serves_calls_nested_eight_deep() {
    static NEST: OnceLock<Function> = OnceLock::new();
    let nest = async |_: HostcallContext, left: u32| {
        if left == 0 {
            return Ok(Value::Null);
        }
        let inner = NEST.get().unwrap().call::<_, Value>(&(left - 1)).await;
        inner.map_err(|error| HostcallError::new("inner", error.to_string()))
    };
    let component = component(host(pool(1)).hostcall("h:nest", nest));
    NEST.set(function(&component, "h:nest").await).ok().unwrap();
    let nest = NEST.get().unwrap();
    nest.call::<_, Value>(&8).await.unwrap();
    let error = nest.call::<_, Value>(&9).await.unwrap_err().to_string();
    assert!(
        error.contains("limit of 8 on nested calls reached: 9 wanted"),
        "{error}"
    );
    // Many such towers on one instance.
    let towers = (0..20).map(|_| tokio::spawn(nest.call::<_, Value>(&8).into_future()));
    for tower in towers.collect::<Vec<_>>() {
        tower.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn calls_wait_in_line_and_the_line_has_an_end() {
    let (builder, gate) = holding(host(pool(1).queue(2)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let stats = || component.host().stats();
    until(|| stats().idle == 1).await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    until(|| stats().in_flight == 1).await;

    let (order, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let mut waiting = Vec::new();
    for number in 0..2 {
        let (echo, order) = (echo.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            echo.call_raw("1").await.unwrap();
            order.send(number).unwrap();
        }));
        until(|| stats().waiting == number + 1).await;
    }
    let error = echo.call_raw("1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "instantiate: limit of 2 on calls that wait reached: 3 wanted"
    );
    assert_eq!((stats().waiting, stats().in_flight), (2, 3));
    gate.add_permits(1);
    held.await.unwrap().unwrap();
    for task in waiting {
        task.await.unwrap();
    }
    assert_eq!(
        [arrived.recv().await, arrived.recv().await],
        [Some(0), Some(1)]
    );
    until(|| stats().idle == 1).await;
    assert_eq!((stats().waiting, stats().in_flight), (0, 0));
    assert_eq!(stats().discarded, Default::default());
}

#[tokio::test]
async fn callers_of_an_instance_of_its_own_wait_in_the_same_line() {
    let (builder, gate) = holding(host(pool(1).queue(1)));
    let component = component(builder);
    let program = component.program([Op::new("h:hold")]);
    let program = program.isolation(Isolation::Shared).build().await.unwrap();
    let hold = program.function("h:hold").unwrap();
    let stats = || component.host().stats();
    let call = || {
        let hold = hold.clone();
        tokio::spawn(async move { hold.call_raw("1").await })
    };
    let held = call();
    until(|| stats().in_flight == 1).await;
    let waiting = call();
    until(|| stats().waiting == 1).await;
    let error = hold.call_raw("1").await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Queue);
    let limits = Limits::default().wait(Duration::ZERO);
    gate.add_permits(1);
    held.await.unwrap().unwrap();
    until(|| stats().waiting == 0).await;
    let error = hold.call_raw("1").limits(limits).await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Wait);
    gate.add_permits(1);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_time_too_long_for_the_clock_is_no_limit() {
    let config = pool(2).idle_time(Duration::MAX);
    let component = component(host(config));
    let echo = function(&component, "echo").await;
    for _ in 0..3 {
        assert_eq!(echo.call_raw("1").await.unwrap(), "1");
        until(|| component.host().stats().idle == 1).await;
    }
}

#[tokio::test]
async fn a_call_waits_no_longer_than_it_may() {
    let (builder, _gate) = holding(host(pool(1)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    until(|| component.host().stats().in_flight == 1).await;
    let wait = |wait, wall_time| {
        Limits::default()
            .wait(Duration::from_millis(wait))
            .wall_time(Duration::from_millis(wall_time))
    };
    let error = echo
        .call_raw("1")
        .limits(wait(5, 10_000))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "instantiate: limit of 5 ms on time to wait for an instance reached"
    );
    let error = echo
        .call_raw("1")
        .limits(wait(10_000, 5))
        .await
        .unwrap_err();
    assert_eq!(exceeded(&error), Limit::Instances);

    // One that is dropped while it waits leaves no trace.
    {
        let mut call = pin!(echo.call_raw("1").into_future());
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        assert_eq!(component.host().stats().waiting, 1);
    }
    let stats = component.host().stats();
    assert_eq!((stats.waiting, stats.in_flight), (0, 1));
    held.abort();
    held.await.unwrap_err();
    echo.call_raw("1").await.unwrap();
    assert_eq!(component.host().stats().discarded.ended, 1);
}

#[tokio::test]
async fn a_program_with_a_cap_leaves_instances_to_others() {
    let (builder, gate) = holding(host(pool(3)));
    let component = component(builder);
    let greedy = component.program([Op::new("h:hold")]).concurrency(2);
    let greedy = greedy.build().await.unwrap().function("h:hold").unwrap();
    let echo = function(&component, "echo").await;
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.call_raw("1").await })
        })
        .collect();
    let stats = || component.host().stats();
    until(|| stats().in_flight == 6 && stats().waiting == 4).await;
    assert_eq!(echo.call_raw("1").await.unwrap(), "1");
    let short = Limits::default().wall_time(Duration::from_millis(5));
    let error = greedy.call_raw("1").limits(short).await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Concurrency);
    gate.add_permits(6);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_instance_that_is_not_as_it_was_is_replaced() {
    let limits = Limits::default().memory(8 << 20);
    let component = component(host(pool(1)).limits(limits));
    let ops = ["keep", "more", "count", "trap", "grow", "echo"];
    let program = program(&component, &ops).await;
    let call = async |op: &str, input: &str| {
        let result = program.function(op).unwrap().call_raw(input).await;
        until(|| component.host().stats().idle == 1).await;
        result
    };
    let discarded = || component.host().stats().discarded;
    // Memory is taken back, in the same instance.
    for _ in 0..3 {
        assert_eq!(call("keep", "7").await.unwrap(), "0");
    }
    assert_eq!(discarded(), Default::default());
    let resets = component.host().stats().resets;
    call("more", "1").await.unwrap();
    assert_eq!(discarded().grew, 1);
    assert_eq!(call("count", "1").await.unwrap(), "1");
    assert_eq!(discarded().global, 1);
    call("trap", "1").await.unwrap_err();
    call("grow", "1").await.unwrap_err();
    assert_eq!(discarded().ended, 2);
    let stats = component.host().stats();
    assert_eq!((stats.resets, stats.rebuilds), (resets, 4));
    assert_eq!(call("keep", "7").await.unwrap(), "0");
    assert_eq!(discarded().unclean, 0);
}

#[tokio::test]
async fn any_instance_serves_any_program_of_its_component() {
    let component = component(host(pool(1)));
    let mut programs = Vec::new();
    for _ in 0..3 {
        programs.push(function(&component, "keep").await);
    }
    let built = component.host().stats().live;
    for secret in ["1", "2", "3"] {
        for keep in &programs {
            let (answer, receipt) = keep.call_raw(secret).with_receipt().await;
            assert_eq!(answer.unwrap(), "0");
            assert_eq!(
                (receipt.cleaned_by, receipt.cold),
                (Some(CleanedBy::Reset), false)
            );
        }
    }
    let stats = component.host().stats();
    assert_eq!((stats.live, stats.discarded), (built, Default::default()));
    assert!(stats.loads >= 6, "{stats:?}");
}

#[tokio::test]
async fn instances_are_built_ahead_and_given_back() {
    let component_of = |idle_time| component(host(pool(2).idle_time(idle_time)));
    let component = component_of(Duration::from_secs(60));
    component.warm(100).await.unwrap();
    assert_eq!(component.host().stats().idle, 2);
    let echo = function(&component, "echo").await;
    let (_, receipt) = echo.call_raw("1").with_receipt().await;
    assert!(!receipt.cold);

    let component = component_of(Duration::ZERO);
    let echo = function(&component, "echo").await;
    echo.call_raw("1").await.unwrap();
    let stats = || component.host().stats();
    // What is left is the one that never runs.
    until(|| stats().idle == 0 && stats().live == 1).await;
    assert!(stats().discarded.idle >= 1);
    assert_eq!(echo.call_raw("1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_host_that_shuts_down_lets_calls_end_and_takes_no_more() {
    let (builder, gate) = holding(host(pool(1)));
    let component = component(builder);
    let hold = function(&component, "h:hold").await;
    let echo = function(&component, "echo").await;
    let held = tokio::spawn(async move { hold.call_raw("1").await });
    let stats = || component.host().stats();
    until(|| stats().in_flight == 1).await;
    let waits = {
        let echo = echo.clone();
        tokio::spawn(async move { echo.call_raw("1").await })
    };
    until(|| stats().waiting == 1).await;
    let mut end = pin!(component.host().shut_down());
    assert!(
        end.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    for refused in [waits.await.unwrap(), echo.call_raw("1").await] {
        assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
    }
    gate.add_permits(1);
    end.await;
    held.await.unwrap().unwrap();
    until(|| stats().live == 1).await;
    assert_eq!((stats().idle, stats().in_flight), (0, 0));
}

#[tokio::test]
async fn shared_state_is_given_up_after_its_time() {
    let component = component(host(pool(1)));
    let shared = || {
        component
            .program([Op::new("count")])
            .isolation(Isolation::Shared)
    };
    let program = shared().max_calls(2).build().await.unwrap();
    let count = program.function("count").unwrap();
    for expected in ["1", "2", "1", "2", "1"] {
        assert_eq!(count.call_raw("").await.unwrap(), expected);
    }
    let program = shared().max_age(Duration::ZERO).build().await.unwrap();
    let count = program.function("count").unwrap();
    for _ in 0..3 {
        assert_eq!(count.call_raw("").await.unwrap(), "1");
    }
}

#[tokio::test]
async fn a_program_can_be_kept_as_bytes() {
    let made = || component(host(pool(1))).with_identity("the guest");
    let component = made();
    let program = program(&component, &["echo", "keep"]).await;
    let size = program.size().unwrap();
    assert!(size.lines > 0 && size.bytes > 64 * size.lines, "{size:?}");
    assert_eq!(size.memory, 65536);
    let kept = program.snapshot().await.unwrap();

    // Another host, as another process has one.
    let elsewhere = made();
    let restored = elsewhere.restore(&kept).unwrap().build().await.unwrap();
    let names: Vec<_> = restored
        .functions()
        .map(|op| op.name().to_owned())
        .collect();
    assert_eq!(names, ["echo", "keep"]);
    assert_eq!(restored.size().unwrap().lines, size.lines);
    for _ in 0..2 {
        let keep = restored.function("keep").unwrap();
        assert_eq!(keep.call_raw("7").await.unwrap(), "0");
    }
    let limits = Limits::default().memory(1 << 10);
    let less = elsewhere.restore(&kept).unwrap().limits(limits).build();
    assert_eq!(exceeded(&less.await.err().unwrap()), Limit::Memory);
    let shared = elsewhere.restore(&kept).unwrap();
    let shared = shared.isolation(Isolation::Shared).build().await.unwrap();
    let keep = shared.function("keep").unwrap();
    assert_eq!(keep.call_raw("7").await.unwrap(), "0");
    assert_eq!(keep.call_raw("8").await.unwrap(), "7");
    // With one op more, all of them are initialised.
    let more = elsewhere.restore(&kept).unwrap().op(Op::new("bad"));
    assert_eq!(more.build().await.unwrap().functions().count(), 3);

    let refused = |bytes: &[u8]| match elsewhere.restore(bytes).err().unwrap() {
        ProgramError::Snapshot(error) => error,
        other => panic!("{other}"),
    };
    for at in 0..kept.len() {
        let mut flipped = kept.clone();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << (at % 8);
        }
        let error = refused(&flipped);
        let expected = match at {
            0..8 => error == SnapshotError::NotASnapshot,
            8..12 => matches!(error, SnapshotError::Format { expected: 1, .. }),
            _ => matches!(error, SnapshotError::Damaged(_)),
        };
        assert!(expected, "byte {at}: {error}");
        refused(kept.get(..at).unwrap());
    }
    // Forged, with digests that are right.
    let build = async |memory: u64, page: &[u8]| {
        let header = json!({"component": "the guest", "blank": blank_of(&kept), "version": "0.0.1", "ops": [], "memory": memory});
        let header = header.to_string();
        let rest = [header.as_bytes(), page].concat();
        let mut forged = kept.get(..12).unwrap().to_vec();
        forged.extend((header.len() as u32).to_le_bytes());
        forged.extend(blake3::hash(&rest).as_bytes());
        forged.extend(rest);
        elsewhere.restore(&forged)?.build().await.map(drop)
    };
    let page = |number: u32, mask: u64, lines: usize| {
        let bytes = [&number.to_le_bytes()[..], &mask.to_le_bytes()].concat();
        [bytes, vec![7; 64 * lines]].concat()
    };
    build(65536, &page(3, 1, 1)).await.unwrap();
    let error = build(1 << 31, &page(3, 1, 1)).await.unwrap_err();
    assert_eq!(exceeded(&error), Limit::Memory);
    for wrong in [
        build(65536, &page(3, 0, 0)).await,
        build(65536, &page(16, 1, 1)).await,
        build(65536, &page(3, 1, 2)).await,
        build(65536, &[page(3, 1, 1), page(3, 1, 1)].concat()).await,
        build(65537, &[]).await,
        build(0, &[]).await,
    ] {
        let error = wrong.unwrap_err();
        assert!(
            matches!(error, ProgramError::Snapshot(SnapshotError::Damaged(_))),
            "{error}"
        );
    }
    let error = self::component(host(pool(1))).restore(&kept).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the snapshot belongs to another component (the guest, and this is a component without an identity): register the program again"
    );
    let fresh = pool(1).reset(ResetPolicy::Never);
    let fresh = self::component(host(fresh)).with_identity("the guest");
    let error = fresh.restore(&kept).unwrap().build().await.err().unwrap();
    assert!(matches!(error, CallError::NoReset { .. }), "{error}");
    let unkept = self::program(&fresh, &["echo"]).await;
    assert_eq!(
        unkept.snapshot().await.unwrap_err().to_string(),
        "the program can't be kept: the host was told to use fresh ones"
    );
    assert_eq!(unkept.size(), None);
    assert_eq!(
        unkept.fallback_reason(),
        Some("the host was told to use fresh ones")
    );
}

/// What a snapshot says of a blank instance.
fn blank_of(snapshot: &[u8]) -> Value {
    let length = snapshot.get(12..16).unwrap().try_into().unwrap();
    let length = u32::from_le_bytes(length) as usize;
    let header: Value = serde_json::from_slice(snapshot.get(48..48 + length).unwrap()).unwrap();
    header.get("blank").unwrap().clone()
}

#[test]
fn a_runtime_that_stands_still_holds_no_instance() {
    let component = component(host(pool(1)));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let echo = first.block_on(function(&component, "echo"));
    for _ in 0..3 {
        assert_eq!(
            first.block_on(echo.call_raw("1").into_future()).unwrap(),
            "1"
        );
        let second = runtime();
        assert_eq!(
            second.block_on(echo.call_raw("2").into_future()).unwrap(),
            "2"
        );
    }
}

#[tokio::test]
async fn what_can_not_be_reset_is_an_error_only_if_it_must() {
    let engine = common::engine();
    let plain =
        wasmtime::component::Component::new(&engine, common::guest(wit_wire_host::Dialect::V1))
            .unwrap();
    let build = async |clean_state| {
        let config = pool(1).reset(clean_state);
        let host = host(config).build(&engine).unwrap();
        let component = host.component(&plain).unwrap();
        component.program([Op::new("keep")]).build().await
    };
    let error = build(ResetPolicy::Require).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "instances of the component can't be reset: it was compiled without access to its state"
    );
    let program = build(ResetPolicy::Auto).await.unwrap();
    for _ in 0..2 {
        let keep = program.function("keep").unwrap();
        let (answer, receipt) = keep.call_raw("7").with_receipt().await;
        assert_eq!(answer.unwrap(), "0");
        assert_eq!(receipt.cleaned_by, Some(CleanedBy::FreshInstance));
    }
}

/// Runs at work at once, and the most there were.
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
            until(|| gauge.most.load(Ordering::SeqCst) >= 2).await;
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
    // One with the pass of the call that makes them, and one in the place that is left.
    assert_eq!(gauge.most.load(Ordering::SeqCst), 2);
}
