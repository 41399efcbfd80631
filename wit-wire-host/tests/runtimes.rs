//! Runtimes that end while calls are in flight, several runtimes on one host, and hosts that are
//! dropped at any time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::component;
use serde_json::Value;
use test_support::{until, until_blocking};
use tokio::runtime::{Builder, Runtime};
use wit_wire_host::{
    CallError, Component, Function, Host, HostBuilder, HostcallContext, HostcallError, Isolation,
    Limits, Op, Payload, PoolConfig, Program, ProgramError, ResetPolicy,
};

const OPS: [&str; 7] = [
    "echo", "keep", "loop", "h:never", "h:nest", "h:block", "wait",
];

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

/// Hostcalls in flight.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A host of two instances, with a hostcall that never comes back.
fn host(policy: ResetPolicy) -> (HostBuilder, Arc<AtomicUsize>) {
    let count = Arc::<AtomicUsize>::default();
    let own = count.clone();
    let never = move |_: HostcallContext, _: Value| {
        own.fetch_add(1, SeqCst);
        let alive = Alive(own.clone());
        async move {
            let _alive = alive;
            std::future::pending::<Result<Value, HostcallError>>().await
        }
    };
    let config = PoolConfig::default()
        .instances(2)
        .park_after(Duration::ZERO)
        .reset(policy)
        .verify(true);
    (
        Host::builder().pool(config).hostcall("h:never", never),
        count,
    )
}

fn program(component: &Component, isolation: Isolation) -> Program {
    let program = component.program(OPS.map(Op::new)).isolation(isolation);
    program.build_blocking().unwrap()
}

#[test]
fn a_runtime_that_ends_with_parked_calls_leaves_the_host_to_others() {
    const INPUT: &str = r#"{"calls":[{"id":1,"op":"h:never","payload":1}],"park":true}"#;
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let instances = match policy {
            // Those that can't be parked keep their instances.
            ResetPolicy::Never => 2,
            _ => 6,
        };
        for isolation in [Isolation::PerCall, Isolation::Shared] {
            for end in [drop::<Runtime> as fn(Runtime), Runtime::shutdown_background] {
                for runtime in [current_thread(), multi_thread()] {
                    let (host, alive) = host(policy);
                    let component = component(host);
                    let program = program(&component, isolation);
                    let session = Arc::new(program.session());
                    let stats = || component.host().stats();
                    let calls = match isolation {
                        Isolation::PerCall => instances,
                        Isolation::Shared => 1,
                    };
                    for number in 0..calls {
                        let (wait, session) = (program.function("wait").unwrap(), session.clone());
                        let is_of_session = number == 0 && isolation == Isolation::PerCall;
                        runtime.spawn(async move {
                            match is_of_session {
                                true => session.call_raw("wait", INPUT).await,
                                false => wait.call_raw(INPUT).await,
                            }
                        });
                    }
                    let wait = || alive.load(SeqCst) == calls;
                    runtime.block_on(until("all wait", wait));
                    end(runtime);
                    until_blocking("all calls are over", || {
                        let stats = stats();
                        (stats.in_flight, stats.parked, stats.parked_bytes) == (0, 0, 0)
                    });
                    until_blocking("no hostcall is alive", || alive.load(SeqCst) == 0);
                    for other in [current_thread(), multi_thread()] {
                        let keep = program.function("keep").unwrap();
                        let answer = other.block_on(keep.call_raw("7").into_future());
                        let answer: u8 = answer.unwrap().deserialize().unwrap();
                        assert!([0, 7].contains(&answer), "{answer}");
                        let answer = other.block_on(session.call_raw("keep", "7").into_future());
                        let answer: u8 = answer.unwrap().deserialize().unwrap();
                        assert!([0, 7].contains(&answer), "{answer}");
                    }
                    assert_eq!(stats().discarded.unclean, 0);
                }
            }
        }
    }
}

/// A host that shuts down waits for them; they go on, also with calls of their own.
#[test]
fn shutting_down_waits_for_parked_calls() {
    for runtime in [current_thread(), multi_thread()] {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let own = gate.clone();
        let inner = Arc::<Mutex<Option<Function>>>::default();
        let called = inner.clone();
        let config = PoolConfig::default()
            .instances(1)
            .park_after(Duration::ZERO);
        let host = Host::builder().pool(config).hostcall(
            "h:nest",
            move |_: HostcallContext, input: Value| {
                let (gate, inner) = (own.clone(), called.lock().unwrap().clone().unwrap());
                async move {
                    gate.acquire().await.unwrap().forget();
                    let answer = inner.call::<_, Value>(&input).await;
                    answer.map_err(|error| HostcallError::new(error.kind(), error.to_string()))
                }
            },
        );
        let component = component(host);
        let program = program(&component, Isolation::PerCall);
        *inner.lock().unwrap() = Some(program.function("echo").unwrap());
        let wait = program.function("wait").unwrap();
        let calls: Vec<_> = (0..5)
            .map(|n| {
                let input =
                    format!(r#"{{"calls":[{{"id":1,"op":"h:nest","payload":{n}}}],"park":true}}"#);
                let wait = wait.clone();
                runtime.spawn(async move { wait.call_raw(input).await })
            })
            .collect();
        runtime.block_on(async {
            let stats = || component.host().stats();
            until("all are parked", || stats().parked == 5).await;
            let mut shut_down = pin!(component.host().shut_down());
            let mut context = Context::from_waker(Waker::noop());
            assert!(shut_down.as_mut().poll(&mut context).is_pending());
            let refused = wait.call_raw("1").await;
            assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
            gate.add_permits(5);
            for (n, call) in calls.into_iter().enumerate() {
                let answer: Value = call.await.unwrap().unwrap().deserialize().unwrap();
                assert_eq!(answer, serde_json::json!([{"id": 1, "ok": n}]));
            }
            shut_down.await;
            assert_eq!((stats().in_flight, stats().parked), (0, 0));
        });
        inner.lock().unwrap().take();
    }
}

#[test]
fn a_runtime_that_ends_with_calls_in_flight_leaves_the_host_to_others() {
    let mut ends = 0;
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        for isolation in [Isolation::PerCall, Isolation::Shared] {
            for end in [
                drop::<Runtime> as fn(Runtime),
                Runtime::shutdown_background,
                |runtime| runtime.shutdown_timeout(Duration::from_secs(60)),
            ] {
                for runtime in [current_thread(), multi_thread()] {
                    let (host, alive) = host(policy);
                    let component = component(host);
                    let program = program(&component, isolation);
                    let stats = || component.host().stats();
                    // One that waits for a hostcall, one that computes for ever, and more that wait
                    // for them.
                    for (number, op) in ["h:never", "loop", "h:never", "echo", "keep"]
                        .into_iter()
                        .enumerate()
                    {
                        let function = program.function(op).unwrap();
                        runtime.spawn(async move { function.call_raw("1").await });
                        let has_begun =
                            || stats().in_flight == number + 1 && alive.load(SeqCst) > 0;
                        runtime.block_on(until("the call has begun", has_begun));
                    }
                    end(runtime);
                    until_blocking("all calls are over", || {
                        stats().in_flight == 0 && stats().waiting == 0
                    });
                    until_blocking("no hostcall is alive", || alive.load(SeqCst) == 0);
                    for other in [current_thread(), multi_thread()] {
                        let keep = program.function("keep").unwrap();
                        let answer = other.block_on(keep.call_raw("7").into_future());
                        let answer: u8 = answer.unwrap().deserialize().unwrap();
                        // Shared state may have seen the call above, which waited in line for it.
                        let may_be: &[u8] = match isolation {
                            Isolation::PerCall => &[0],
                            Isolation::Shared => &[0, 1, 7],
                        };
                        assert!(may_be.contains(&answer), "{isolation:?}: {answer}");
                    }
                    assert_eq!(
                        program
                            .function("echo")
                            .unwrap()
                            .call::<_, u8>(&7)
                            .run_blocking()
                            .unwrap(),
                        7
                    );
                    assert_eq!(stats().discarded.unclean, 0);
                    ends += 1;
                }
            }
        }
    }
    assert_eq!(ends, 24);
}

/// Calls that began in a runtime, in flight and in line, and are polled when it is gone.
#[test]
fn a_call_outlives_its_runtime_without_a_panic() {
    let (host, alive) = host(ResetPolicy::Require);
    let component = component(host);
    let program = program(&component, Isolation::PerCall);
    let never = program.function("h:never").unwrap();
    // Only who has an end in sight asks for the time.
    let limits = Limits::default();
    for first in [current_thread(), multi_thread()] {
        let mut calls = [(); 3].map(|()| never.call_raw("1").limits(limits).into_future());
        first.block_on(async {
            while alive.load(SeqCst) < 2 || component.host().stats().waiting < 1 {
                for call in &mut calls {
                    let poll = |context: &mut Context<'_>| Poll::Ready(call.as_mut().poll(context));
                    assert!(poll_fn(poll).await.is_pending());
                }
                tokio::task::yield_now().await;
            }
        });
        drop(first);
        // The one in line first: it would get the permit of another.
        for call in calls.into_iter().rev() {
            let error = current_thread().block_on(call).unwrap_err();
            assert!(matches!(error, CallError::NoRuntime), "{error}");
        }
        assert_eq!(alive.load(SeqCst), 0);
        let echo = program.function("echo").unwrap();
        assert_eq!(echo.call::<_, u8>(&7).run_blocking().unwrap(), 7);
    }
    // A thread of another's that drives a call when the runtime ends.
    let runtime = multi_thread();
    let (handle, other) = (runtime.handle().clone(), never.clone());
    let thread = std::thread::spawn(move || {
        handle.block_on(other.call_raw("1").limits(limits).into_future())
    });
    until_blocking("a hostcall is alive", || alive.load(SeqCst) == 1);
    drop(runtime);
    let error = thread.join().unwrap().unwrap_err();
    assert!(matches!(error, CallError::NoRuntime), "{error}");
    // One that was polled in a runtime may be dropped outside of any.
    let runtime = multi_thread();
    {
        let mut call = pin!(never.call_raw("1").into_future());
        let _entered = runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        drop(_entered);
    }
    assert_eq!(alive.load(SeqCst), 0);
    let stats = component.host().stats();
    assert_eq!((stats.in_flight, stats.waiting), (0, 0));
    let echo = program.function("echo").unwrap();
    assert_eq!(echo.call::<_, u8>(&7).run_blocking().unwrap(), 7);
}

#[test]
fn several_runtimes_call_at_once() {
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let (host, _) = host(policy);
        let component = component(host);
        let program = program(&component, Isolation::PerCall);
        let shared = self::program(&component, Isolation::Shared);
        let calls = if policy == ResetPolicy::Require {
            200
        } else {
            20
        };
        std::thread::scope(|scope| {
            for (number, runtime) in [current_thread(), multi_thread(), current_thread()]
                .into_iter()
                .enumerate()
            {
                let functions =
                    [&program, &shared].map(|program| program.function("echo").unwrap());
                scope.spawn(move || {
                    runtime.block_on(async {
                        for call in 0..calls {
                            for echo in &functions {
                                let input = number * 1_000 + call;
                                assert_eq!(echo.call::<_, usize>(&input).await.unwrap(), input);
                            }
                        }
                    });
                });
            }
            let echo = program.function("echo").unwrap();
            scope.spawn(move || {
                for call in 0..calls {
                    assert_eq!(echo.call::<_, usize>(&call).run_blocking().unwrap(), call);
                }
            });
        });
        let stats = component.host().stats();
        assert_eq!(
            (stats.in_flight, stats.waiting, stats.discarded.unclean),
            (0, 0, 0)
        );
    }
}

#[test]
fn hosts_are_dropped_inside_their_own_hostcalls() {
    for runtime in [current_thread(), multi_thread()] {
        type Held = Arc<Mutex<Option<(Component, Function)>>>;
        let held = Held::default();
        let own = held.clone();
        let (host, _) = host(ResetPolicy::Require);
        let host = host.hostcall("h:nest", move |_: HostcallContext, input: Value| {
            let held = own.clone();
            async move {
                tokio::task::yield_now().await;
                // All of the host that anybody has but the call itself.
                drop(held.lock().unwrap().take());
                Ok::<_, HostcallError>(input)
            }
        });
        let component = component(host);
        let program = program(&component, Isolation::PerCall);
        let nest = program.function("h:nest").unwrap();
        let echo = program.function("echo").unwrap();
        drop(program);
        *held.lock().unwrap() = Some((component, echo));
        let answer = runtime.block_on(async move { nest.call_raw("7").await });
        assert_eq!(answer.unwrap(), "7");
        assert!(held.lock().unwrap().is_none());
    }
}

/// Whoever holds a function may drop the host, the component and the program.
#[test]
fn a_call_needs_no_one_to_hold_its_host() {
    let (host, alive) = host(ResetPolicy::Require);
    let component = component(host);
    let program = program(&component, Isolation::PerCall);
    let [echo, never] = ["echo", "h:never"].map(|op| program.function(op).unwrap());
    let runtime = multi_thread();
    let call = runtime.spawn(async move { never.call_raw("1").await });
    until_blocking("a hostcall is alive", || alive.load(SeqCst) == 1);
    drop((program, component));
    assert_eq!(
        runtime.block_on(echo.call_raw("7").into_future()).unwrap(),
        "7"
    );
    drop(echo);
    // The last one that holds it.
    call.abort();
    until_blocking("no hostcall is alive", || alive.load(SeqCst) == 0);
}

#[test]
fn a_hostcall_that_blocks_in_place_is_told_so() {
    type Held = Arc<Mutex<Option<Function>>>;
    let held = Held::default();
    let own = held.clone();
    let (host, _) = host(ResetPolicy::Require);
    let host = host.hostcall("h:block", move |_: HostcallContext, input: Value| {
        let function = own.lock().unwrap().clone().unwrap();
        let blocked = function.call::<_, Value>(&input).run_blocking();
        async move { blocked.map_err(|error| HostcallError::new(format!("{error:?}"), "")) }
    });
    let component = component(host);
    let program = program(&component, Isolation::PerCall);
    *held.lock().unwrap() = Some(program.function("echo").unwrap());
    let block = program.function("h:block").unwrap();
    let told = |answer: Result<Payload, CallError>| match answer {
        Err(CallError::Handler { message, .. }) => {
            let error: HostcallError = serde_json::from_str(&message).unwrap();
            assert_eq!(error.code, "BlockingInAsync");
        }
        other => panic!("{other:?}"),
    };
    told(current_thread().block_on(block.call_raw("1").into_future()));
    told(multi_thread().block_on(block.call_raw("1").into_future()));
    told(block.call_raw("1").run_blocking());
    let build = || component.program([Op::new("echo")]).build_blocking();
    let error = multi_thread().block_on(async { build().unwrap_err() });
    assert!(
        matches!(error, ProgramError::Run(CallError::BlockingInAsync)),
        "{error}"
    );
    assert_eq!(component.host().stats().in_flight, 0);
    held.lock().unwrap().take();
}

#[test]
fn calls_that_call_in_a_runtime_of_one_thread() {
    type Held = Arc<Mutex<Option<Function>>>;
    let held = Held::default();
    let own = held.clone();
    let (host, _) = host(ResetPolicy::Require);
    let host = host.hostcall("h:nest", move |_: HostcallContext, left: u32| {
        let nest = own.lock().unwrap().clone().unwrap();
        async move {
            match left {
                0 => Ok(0),
                _ => match nest.call::<_, u32>(&(left - 1)).await {
                    Ok(deep) => Ok(deep + 1),
                    Err(error) => Err(HostcallError::new("inner", error.to_string())),
                },
            }
        }
    });
    let component = component(host);
    let program = program(&component, Isolation::PerCall);
    let nest = program.function("h:nest").unwrap();
    *held.lock().unwrap() = Some(nest.clone());
    for runtime in [current_thread(), multi_thread()] {
        let nest = nest.clone();
        runtime.block_on(async move {
            let towers = (0..30).map(|_| {
                let nest = nest.clone();
                tokio::spawn(async move { nest.call::<_, u32>(&8).await })
            });
            for tower in towers.collect::<Vec<_>>() {
                assert_eq!(tower.await.unwrap().unwrap(), 8);
            }
        });
    }
    held.lock().unwrap().take();
}
