//! Panics of the embedder's own code, wherever it is called: the process lives, the instance is not
//! used wrongly, and the next call works.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so does what it tests"
)]

mod common;

use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use common::component;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use wit_wire_host::{
    CallError, Component, Function, Host, HostcallContext, HostcallError, Hostcalls, Isolation, Op,
    Payload, PoolConfig, Program, ResetPolicy,
};

/// Panics when it is dropped, unless its thread panics already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a bomb was dropped");
        }
    }
}

/// A panic with this panics once more when it is caught and dropped.
struct Explosion(#[allow(dead_code, reason = "it is dropped")] Bomb);

/// A future that panics when it is dropped, whether or not it has come to its end.
struct Explosive(bool);

impl Future for Explosive {
    type Output = Result<String, HostcallError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0 {
            return Poll::Pending;
        }
        Poll::Ready(Ok("1".to_owned()))
    }
}

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Panics in as many ways as it has names for.
struct Panics(Arc<Mutex<Option<Function>>>);

impl Hostcalls for Panics {
    #[allow(clippy::manual_async_fn, reason = "a part of it is not async")]
    fn call(
        &self,
        _: HostcallContext,
        op: String,
        payload: Payload,
    ) -> impl Future<Output = Result<Payload, HostcallError>> + Send {
        match op.as_str() {
            "h:sync" => panic!("at once"),
            "h:sync-payload" => panic_any(Explosion(Bomb)),
            _ => {}
        }
        let inner = self.0.lock().unwrap().clone();
        async move {
            match op.as_str() {
                "h:fine" => Ok(payload),
                "h:async" => panic!("in the future"),
                "h:later" => {
                    tokio::task::yield_now().await;
                    panic!("later")
                }
                "h:number" => panic_any(7_u64),
                "h:payload" => panic_any(Explosion(Bomb)),
                "h:end" => {
                    let _bomb = Bomb;
                    Ok("1".into())
                }
                "h:drop" => Explosive(false).await.map(Payload::from),
                "h:never" => Explosive(true).await.map(Payload::from),
                "h:nest" => {
                    // The inner call's hostcall panics, and is an error of the inner call; then
                    // this one panics too.
                    let error = inner.unwrap().call_raw("1").await.unwrap_err();
                    panic!("{error}")
                }
                other => Err(HostcallError::new("none", other)),
            }
        }
    }
}

const PANICKING: [&str; 9] = [
    "h:sync",
    "h:sync-payload",
    "h:async",
    "h:later",
    "h:number",
    "h:payload",
    "h:end",
    "h:drop",
    "h:nest",
];

fn everything(policy: ResetPolicy) -> (Component, Arc<Mutex<Option<Function>>>) {
    let config = PoolConfig::default()
        .instances(1)
        .reset(policy)
        .verify(true);
    let inner = Arc::<Mutex<Option<Function>>>::default();
    let host = Host::builder()
        .pool(config)
        .hostcalls(Panics(inner.clone()));
    // The same through a closure that is registered by name, whose future is dropped with its call.
    let host = host.hostcall("h:closure", |_: HostcallContext, _: Value| Explosive(true));
    (component(host), inner)
}

async fn program(component: &Component, isolation: Isolation) -> Program {
    let others = [
        "echo",
        "keep",
        "h:fine",
        "h:never",
        "h:closure",
        "y:wit-wire:batch",
    ];
    let ops = PANICKING.iter().chain(&others).map(|op| Op::new(*op));
    component
        .program(ops)
        .isolation(isolation)
        .build()
        .await
        .unwrap()
}

fn runtimes() -> [Runtime; 2] {
    let mut several = Builder::new_multi_thread();
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        several.worker_threads(2).enable_all().build().unwrap(),
    ]
}

/// The next call is right, no state is left of others, and nothing is in flight.
async fn check(component: &Component, program: &Program, case: &str) {
    let stats = component.host().stats();
    assert_eq!(
        (stats.in_flight, stats.waiting),
        (0, 0),
        "{case}: {stats:?}"
    );
    let keep = program.function("keep").unwrap();
    let expected = if program.isolation() == Isolation::PerCall {
        ["0", "0"]
    } else {
        ["0", "7"]
    };
    let seen = keep.call_raw("7").await.unwrap();
    assert!(
        expected.iter().any(|expected| seen == *expected),
        "{case}: {seen}"
    );
    assert_eq!(component.host().stats().discarded.unclean, 0);
}

fn each(test: impl AsyncFn(&Component, &Program)) {
    for runtime in runtimes() {
        for policy in [ResetPolicy::Require, ResetPolicy::Never] {
            for isolation in [Isolation::PerCall, Isolation::Shared] {
                runtime.block_on(async {
                    let (component, inner) = everything(policy);
                    let program = program(&component, isolation).await;
                    let other = self::program(&component, Isolation::PerCall).await;
                    *inner.lock().unwrap() = Some(other.function("h:later").unwrap());
                    test(&component, &program).await;
                    inner.lock().unwrap().take();
                });
            }
        }
    }
}

#[test]
fn a_hostcall_that_panics_in_whatever_way_is_an_error_for_its_guest() {
    each(async |component, program| {
        for op in PANICKING {
            let error = program
                .function(op)
                .unwrap()
                .call_raw("1")
                .await
                .unwrap_err();
            let CallError::Handler { message, .. } = error else {
                panic!("{op}: {error}")
            };
            let told: Value = serde_json::from_str(&message).unwrap();
            assert_eq!(
                told,
                json!({"code": "op_500", "message": format!("the host's op `{op}` panicked")})
            );
            check(component, program, op).await;
        }
        assert_eq!(component.host().stats().discarded.ended, 0);
    });
}

#[test]
fn those_beside_it_in_a_batch_have_their_answers() {
    each(async |component, program| {
        let batch = program.function("y:wit-wire:batch").unwrap();
        for op in PANICKING {
            let calls = json!({"calls": [
                {"id": 1, "op": "h:fine", "payload": "a"},
                {"id": 2, "op": op, "payload": 0},
                {"id": 3, "op": "h:fine", "payload": "b"},
            ]});
            let answers: Vec<Value> = batch.call(&calls).await.unwrap();
            for answer in &answers {
                match answer.get("id").unwrap().as_u64().unwrap() {
                    1 => assert_eq!(answer.get("ok"), Some(&json!("a"))),
                    2 => assert_eq!(answer.pointer("/err/code"), Some(&json!("op_500"))),
                    _ => assert_eq!(answer.get("ok"), Some(&json!("b"))),
                }
            }
            assert!(answers.len() >= 2, "{op}: {answers:?}");
            check(component, program, op).await;
        }
    });
}

/// The future of a hostcall panics when it is dropped, with a call that was cancelled.
#[test]
fn a_cancelled_call_does_not_panic_for_its_hostcalls() {
    each(async |component, program| {
        let batch = json!({"calls": [{"id": 1, "op": "h:never", "payload": 0}, {"id": 2, "op": "h:closure", "payload": 0}]});
        for (op, input) in [
            ("h:never", json!(0)),
            ("h:closure", json!(0)),
            ("y:wit-wire:batch", batch),
        ] {
            let function = program.function(op).unwrap();
            let mut call = Box::pin(function.call::<_, Value>(&input).into_future());
            // More than once, since the instance may be on its way back.
            while component.host().stats().waiting > 0 || !has_begun(&mut call).await {
                tokio::task::yield_now().await;
            }
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(call)));
            assert!(dropped.is_ok(), "{op}");
            check(component, program, op).await;
        }
    });
}

/// Polls a call some times; one that waits for its hostcall does not get on by that.
async fn has_begun(call: &mut (impl Future<Output: std::fmt::Debug> + Unpin)) -> bool {
    for _ in 0..1_000 {
        let polled =
            std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *call).poll(context)));
        assert!(polled.await.is_pending());
        tokio::task::yield_now().await;
    }
    true
}

/// Does it when it is asked to.
enum Wire {
    Panics,
    Fails,
}

impl Serialize for Wire {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Panics => panic!("in serialize"),
            Self::Fails => Err(serde::ser::Error::custom("not today")),
        }
    }
}

#[derive(Debug)]
struct Unreadable;

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("in deserialize")
    }
}

/// These panics are the caller's own, on its own stack, and go to it.
#[test]
fn a_caller_that_panics_in_its_own_types_harms_nobody_else() {
    each(async |component, program| {
        let echo = program.function("echo").unwrap();
        let call = catch_unwind(AssertUnwindSafe(|| {
            drop(echo.call::<_, Value>(&Wire::Panics))
        }));
        assert!(call.is_err());
        check(component, program, "serialize").await;
        let error = echo.call::<_, Value>(&Wire::Fails).await.unwrap_err();
        assert!(matches!(error, CallError::Encode { .. }), "{error}");
        check(component, program, "serialize").await;
        let own = echo.clone();
        let call = tokio::spawn(async move { own.call::<_, Unreadable>(&1).await });
        assert!(call.await.unwrap_err().is_panic());
        check(component, program, "deserialize").await;
        // The value that the embedder gave the call along.
        let own = echo.clone();
        let call = tokio::spawn(async move { own.call_raw("1").context(Bomb).await });
        assert!(call.await.unwrap_err().is_panic());
        check(component, program, "context").await;
    });
}

#[test]
fn a_call_that_is_dropped_while_its_thread_panics_does_not_abort() {
    let [runtime, _] = runtimes();
    let (component, _inner) = everything(ResetPolicy::Require);
    let program = runtime.block_on(program(&component, Isolation::PerCall));
    let never = program.function("h:never").unwrap();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut call = pin!(never.call_raw("1").into_future());
            let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            panic!("the caller's own");
        })
    }));
    assert_eq!(
        caught.unwrap_err().downcast_ref(),
        Some(&"the caller's own")
    );
    runtime.block_on(check(&component, &program, "caller"));
}
