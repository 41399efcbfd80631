//! Guests that compute for long, beside the embedder's own tasks: nothing here depends on how fast
//! anything is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::until;
use tokio::runtime::{Builder, Runtime};
use wit_wire_host::{
    CallError, Component, Dialect, Function, Host, HostBuilder, HostcallContext, HostcallError,
    Limit, Limits, Op, PoolConfig, ResetPolicy,
};

tokio::task_local! {
    static CALLER: usize;
}

fn runtimes() -> [Runtime; 2] {
    let mut two = Builder::new_multi_thread();
    let mut one = Builder::new_current_thread();
    [
        one.enable_all().build().unwrap(),
        two.worker_threads(2).enable_all().build().unwrap(),
    ]
}

/// More instances than there are turns, none of which an endless guest keeps.
fn host() -> HostBuilder {
    let limits = Limits::default()
        .wall_time(Duration::MAX)
        .cpu_time(Duration::MAX);
    let pool = PoolConfig::default()
        .computing(1)
        .reset(ResetPolicy::Require)
        .verify(true);
    Host::builder().limits(limits).pool(pool)
}

async fn function(component: &Component, op: &str) -> Function {
    let program = component.program([Op::new(op)]).build().await.unwrap();
    program.function(op).unwrap()
}

#[test]
fn endless_guests_leave_the_runtime_to_others() {
    const GUESTS: usize = 8;
    for runtime in runtimes() {
        let component = common::component(host());
        let stats = || component.host().stats();
        runtime.block_on(async {
            let [endless, echo] = [
                function(&component, "loop").await,
                function(&component, "echo").await,
            ];
            let calls: Vec<_> = (0..GUESTS)
                .map(|_| {
                    let endless = endless.clone();
                    tokio::spawn(async move { endless.call_raw("1").await })
                })
                .collect();
            until("all compute elsewhere", || {
                stats().on_compute_threads == GUESTS
            })
            .await;
            // They have neither the runtime's threads nor the one turn.
            for number in 0..20 {
                assert_eq!(echo.call::<_, u32>(&number).await.unwrap(), number);
            }
            assert_eq!(stats().on_compute_threads, GUESTS);
            for call in &calls {
                call.abort();
            }
            for call in calls {
                assert!(call.await.unwrap_err().is_cancelled());
            }
            until("nothing is left of them", || {
                let stats = stats();
                (stats.on_compute_threads, stats.in_flight) == (0, 0)
            })
            .await;
            until("their instances are gone", || {
                stats().discarded.ended == GUESTS as u64
            })
            .await;
            assert_eq!(echo.call::<_, u32>(&7).await.unwrap(), 7);
        });
    }
}

/// A guest that computes for a time that is long on any machine, and makes hostcalls in between.
fn guest(deed: &str) -> Vec<u8> {
    const FUNCTIONS: &str = r#"
        (data (i32.const 256) "ask")
        (data (i32.const 320) "wit-wire:batch")
        (data (i32.const 400) "{\"calls\":[{\"id\":1,\"op\":\"never\",\"payload\":0}],\"wait\":0}")
        (func $work (local $left i32)
          (local.set $left (i32.const 150000000))
          (loop $more
            (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
        (func $ask
          (call $hostcall (i32.const 256) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 96)))
        (func $begin
          (call $hostcall (i32.const 320) (i32.const 14) (i32.const 400) (i32.const 54) (i32.const 96)))
        (func $for_ever (loop $more (br $more)))"#;
    let text = include_str!("evil/frame.wat")
        .replace("{EVIL}", &format!("{FUNCTIONS}\n(func $evil:deed {deed})"))
        .replace("{NAME}", "deed")
        .replace("{PLACE}", "6");
    let module = wat::parse_str(text).unwrap();
    common::componentize(module, &common::wit(Dialect::V1))
}

/// The caller by its task-local, and by the context that it gave.
type Asked = (Option<usize>, Option<usize>);

/// Where hostcalls begin, are polled and dropped.
#[derive(Clone, Default)]
struct Watch {
    /// By whom hostcalls were made.
    asked: Arc<Mutex<Vec<Asked>>>,
    alive: Arc<AtomicUsize>,
    /// How often something happened on a thread that only computes.
    astray: Arc<AtomicUsize>,
}

impl Watch {
    fn look(&self) {
        let is_astray = thread::current().name() == Some("wit-wire-compute");
        self.astray.fetch_add(usize::from(is_astray), SeqCst);
    }
}

struct Alive(Watch);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.look();
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

impl Watch {
    fn component(&self, host: HostBuilder, deed: &str) -> Component {
        let watch = self.clone();
        let ask = move |context: HostcallContext, _: Value| {
            watch.look();
            let watch = watch.clone();
            async move {
                watch.look();
                let caller = CALLER.try_with(|caller| *caller).ok();
                let told = context.value::<usize>().copied();
                tokio::task::yield_now().await;
                watch.look();
                watch.asked.lock().unwrap().push((caller, told));
                Ok::<_, HostcallError>(Value::Null)
            }
        };
        let watch = self.clone();
        let never = move |_: HostcallContext, _: Value| {
            watch.look();
            watch.alive.fetch_add(1, SeqCst);
            let alive = Alive(watch.clone());
            async move {
                let _alive = alive;
                std::future::pending::<Result<Value, HostcallError>>().await
            }
        };
        let host = host.hostcall("ask", ask).hostcall("never", never);
        let engine = common::engine();
        let guest = common::compile(&engine, &guest(deed));
        host.build(&engine).unwrap().component(&guest).unwrap()
    }
}

#[test]
fn hostcalls_of_guests_that_compute_for_long_run_on_their_callers_task() {
    let watch = Watch::default();
    let deed = "(call $work) (call $ask) (call $work) (call $ask) (call $ask) (call $work)";
    let component = watch.component(host(), deed);
    for runtime in runtimes() {
        let stats = || component.host().stats();
        runtime.block_on(async {
            let evil = function(&component, "evil").await;
            let calls: Vec<_> = (0..4)
                .map(|caller| {
                    let evil = evil.clone();
                    let call = async move { evil.call_raw("null").context(caller).await };
                    tokio::spawn(CALLER.scope(caller, call))
                })
                .collect();
            until("it computes elsewhere", || stats().on_compute_threads > 0).await;
            for call in calls {
                assert_eq!(call.await.unwrap().unwrap(), "null");
            }
        });
        let mut asked = std::mem::take(&mut *watch.asked.lock().unwrap());
        asked.sort_unstable();
        let expected = (0..4).flat_map(|caller| [(Some(caller), Some(caller)); 3]);
        assert_eq!(asked, expected.collect::<Vec<_>>());
    }
    assert_eq!(watch.astray.load(SeqCst), 0);
    assert_eq!(component.host().stats().discarded, Default::default());
}

/// However a run ends that computes elsewhere, what it has begun is dropped where it was polled.
#[test]
fn hostcalls_in_flight_are_dropped_on_their_callers_side() {
    let short = Limits::default().cpu_time(Duration::from_millis(50));
    let late = Limits::default().wall_time(Duration::from_millis(50));
    for (deed, limits, ends) in [
        ("(call $begin) (call $work)", Limits::default(), "returns"),
        (
            "(call $begin) (call $work) unreachable",
            Limits::default(),
            "traps",
        ),
        ("(call $begin) (call $for_ever)", short, "limit"),
        ("(call $begin) (call $for_ever)", late, "limit"),
        (
            "(call $begin) (call $for_ever)",
            Limits::default(),
            "is dropped",
        ),
    ] {
        let watch = Watch::default();
        let component = watch.component(host(), deed);
        for runtime in runtimes() {
            runtime.block_on(async {
                let evil = function(&component, "evil").await;
                let stats = || component.host().stats();
                let call = tokio::spawn(async move { evil.call_raw("null").limits(limits).await });
                if ends == "is dropped" {
                    until("it computes elsewhere", || {
                        stats().on_compute_threads == 1 && watch.alive.load(SeqCst) == 1
                    })
                    .await;
                    call.abort();
                }
                match (call.await, ends) {
                    (Ok(Ok(_)), "returns") => {}
                    (Ok(Err(CallError::Trap { .. })), "traps") => {}
                    (Ok(Err(CallError::Limit { exceeded, .. })), "limit") => {
                        assert!(matches!(exceeded.limit, Limit::CpuTime | Limit::WallTime));
                    }
                    (Err(error), "is dropped") => assert!(error.is_cancelled()),
                    (other, ends) => panic!("{ends}: {other:?}"),
                }
                // At once, and not when a thread comes to it.
                assert_eq!(watch.alive.load(SeqCst), 0, "{ends}");
                until("all is over", || {
                    let stats = stats();
                    (stats.on_compute_threads, stats.in_flight) == (0, 0)
                })
                .await;
            });
        }
        assert_eq!(watch.astray.load(SeqCst), 0, "{ends}");
    }
}

/// What a program does first may take as long as a call.
#[test]
fn an_endless_init_leaves_the_runtime_to_others() {
    for runtime in runtimes() {
        let engine = common::engine();
        let text = include_str!("evil/frame.wat")
            .replace("{EVIL}", "(func $evil:deed (loop $more (br $more)))")
            .replace("{NAME}", "deed")
            .replace("{PLACE}", "3");
        let module = wat::parse_str(text).unwrap();
        let guest = common::componentize(module, &common::wit(Dialect::V1));
        let guest = common::compile(&engine, &guest);
        let component = host().build(&engine).unwrap().component(&guest).unwrap();
        let stats = || component.host().stats();
        runtime.block_on(async {
            let builder = component.program([Op::new("evil")]);
            let build = tokio::spawn(async move { builder.build().await });
            until("it computes elsewhere", || stats().on_compute_threads == 1).await;
            build.abort();
            assert!(build.await.unwrap_err().is_cancelled());
            until("nothing is left of it", || {
                let stats = stats();
                (stats.on_compute_threads, stats.in_flight) == (0, 0)
            })
            .await;
        });
    }
}

/// A nested call moves while its parent waits on the caller's task.
#[test]
fn calls_that_hostcalls_make_compute_elsewhere_too() {
    let inner = Arc::<Mutex<Option<Function>>>::default();
    let own = inner.clone();
    let nest = move |_: HostcallContext, input: Value| {
        let inner = own.lock().unwrap().clone().unwrap();
        async move {
            let answer = inner.call_raw(input.to_string()).await;
            let answer = answer.map_err(|error| HostcallError::new("inner", error.to_string()));
            answer.map(|_| json!("done"))
        }
    };
    let watch = Watch::default();
    let working = watch.component(host(), "(call $work) (call $ask) (call $work)");
    let component = common::component(host().hostcall("h:nest", nest));
    for runtime in runtimes() {
        let stats = || working.host().stats();
        runtime.block_on(async {
            *inner.lock().unwrap() = Some(function(&working, "evil").await);
            let nest = function(&component, "h:nest").await;
            let calls: Vec<_> = (0..4)
                .map(|_| {
                    let nest = nest.clone();
                    tokio::spawn(async move { nest.call::<_, Value>(&Value::Null).await })
                })
                .collect();
            until("it computes elsewhere", || stats().on_compute_threads > 0).await;
            for call in calls {
                assert_eq!(call.await.unwrap().unwrap(), json!("done"));
            }
        });
    }
    assert_eq!(watch.astray.load(SeqCst), 0);
    inner.lock().unwrap().take();
}
