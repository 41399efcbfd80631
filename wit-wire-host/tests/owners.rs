//! Who pays for what is done, how long it goes on, and on whose behalf: also what no call waits
//! for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use test_support::until;
use wasmtime::Engine;
use wit_wire_host::{
    CallError, Component, Dialect, DiscardReason, Host, HostBuilder, HostcallContext,
    HostcallError, Hostcalls, Isolation, Limit, Limits, Op, Payload, Phase, PoolConfig,
    ProgramError, ResetPolicy,
};

/// A guest that does `deed`, which is WebAssembly, at one `place` of the frame.
fn guest(deed: &str, place: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let text = include_str!("evil/frame.wat")
        .replace("{EVIL}", &format!("(func $evil:deed {deed})"))
        .replace("{NAME}", "deed")
        .replace("{PLACE}", place);
    let module = wat::parse_str(change(text)).unwrap();
    common::componentize(module, &common::wit(Dialect::V1))
}

fn component(engine: &Engine, host: HostBuilder, guest: &[u8]) -> Component {
    let component = common::compile(engine, guest);
    host.build(engine).unwrap().component(&component).unwrap()
}

const ASK: &str = r#"
  (call $hostcall (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4) (i32.const 96))
  ;; The answer's first byte.
  (if (i32.eq (i32.load8_u (i32.load (i32.const 100))) (i32.const 49)) (then (loop $for_ever (br $for_ever))))"#;

/// Answers every hostcall, the op `null` of the deed above among them, and tells what it saw.
#[derive(Clone, Default)]
struct Counted {
    asked: Arc<AtomicUsize>,
    /// From which hostcall on the answer is 1.
    good: Arc<AtomicUsize>,
    contexts: Arc<AtomicUsize>,
}

impl Hostcalls for Counted {
    async fn call(
        &self,
        context: HostcallContext,
        _: String,
        _: Payload,
    ) -> Result<Payload, HostcallError> {
        self.contexts
            .fetch_add(usize::from(context.value::<u64>().is_some()), SeqCst);
        let number = self.asked.fetch_add(1, SeqCst);
        Ok(if number < self.good.load(SeqCst) {
            "0"
        } else {
            "1"
        }
        .into())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_is_given_up_leaves_no_work_behind() {
    let engine = common::engine();
    let guest = guest("(loop $for_ever (br $for_ever))", "8", |text| text);
    let host = Host::builder().limits(Limits::default().cpu_time(Duration::from_secs(600)));
    let component = component(&engine, host, &guest);
    let host = component.host().clone();
    for _ in 0..6 {
        let building = component.clone();
        let build = async move { building.program([Op::new("evil")]).build().await };
        let build = tokio::spawn(build);
        until("both instances loop", || host.stats().live == 2).await;
        build.abort();
        until("nothing is left", || {
            let stats = host.stats();
            (stats.live, stats.in_flight) == (0, 0)
        })
        .await;
    }
    // One alone would use a second if nobody ended it.
    let used = host.stats().background_cpu_time;
    assert!(used < Duration::from_secs(1), "{used:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn background_work_that_reached_a_limit_is_not_tried_again_at_once() {
    let engine = common::engine();
    // The deed is done at rest; the op traps.
    let trap = |text: String| text.replace("(call $at (i32.const 6))", "unreachable");
    let guest = guest(ASK, "8", trap);
    let counted = Counted::default();
    counted.good.store(2, SeqCst);
    let host = Host::builder()
        .hostcalls(counted.clone())
        .limits(Limits::default().cpu_time(Duration::from_millis(50)))
        .pool(PoolConfig::default().instances(1));
    let component = component(&engine, host, &guest);
    let program = component.program([Op::new("evil")]).build().await.unwrap();
    assert_eq!(
        counted.asked.load(SeqCst),
        2,
        "an instance, and the one that others are like"
    );
    let evil = program.function("evil").unwrap();
    let host = component.host();

    // The instance in its place loops, until its limit.
    let (answer, receipt) = evil.call_raw("null").with_receipt().await;
    assert!(matches!(answer, Err(CallError::Trap { .. })), "{answer:?}");
    assert_eq!(receipt.discarded, Some(DiscardReason::Ended));
    until("it was tried", || counted.asked.load(SeqCst) == 3).await;
    until("it has ended", || host.stats().live == 1).await;
    until("it is counted", || {
        host.stats().background_cpu_time >= Duration::from_millis(45)
    })
    .await;

    // Later calls build their own, and pay for it; nothing is built for nobody.
    counted.good.store(usize::MAX, SeqCst);
    for asked in 4..8 {
        let answer = evil.call_raw("null").await;
        assert!(matches!(answer, Err(CallError::Trap { .. })), "{answer:?}");
        until("it is gone", || host.stats().live == 1).await;
        assert_eq!(counted.asked.load(SeqCst), asked);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn building_instances_for_calls_that_trap_has_a_limit() {
    const CALLS: u32 = 60;
    let engine = common::engine();
    // Some 50 ms, before it is at rest; the op traps.
    let work = "(local $left i32)
        (local.set $left (i32.const 150000000))
        (loop $more
          (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";
    let trap = |text: String| text.replace("(call $at (i32.const 6))", "unreachable");
    let guest = guest(work, "8", trap);
    let limit = Duration::from_millis(300);
    let host = Host::builder()
        .limits(Limits::default().cpu_time(limit))
        .pool(PoolConfig::default().instances(1));
    let component = component(&engine, host, &guest);
    let program = component.program([Op::new("evil")]).build().await.unwrap();
    let evil = program.function("evil").unwrap();
    for _ in 0..CALLS {
        let answer = evil.call_raw("null").await;
        assert!(matches!(answer, Err(CallError::Trap { .. })), "{answer:?}");
    }
    let host = component.host();
    until("nothing is built", || host.stats().live == 1).await;
    let used = host.stats().background_cpu_time;
    // The one that others are like, the last one, and what is cheap.
    let most = 3 * limit + CALLS * Duration::from_millis(10);
    assert!(used < most, "{used:?} of {most:?}");
}

#[tokio::test]
async fn what_a_guest_does_while_it_initialises_is_on_nobodys_behalf() {
    let engine = common::engine();
    let guest = guest(ASK, "3", |text| text);
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let counted = Counted::default();
        counted.good.store(usize::MAX, SeqCst);
        let host = common::host(policy).hostcalls(counted.clone());
        let component = component(&engine, host, &guest);
        for isolation in [Isolation::PerCall, Isolation::Shared] {
            let program = component.program([Op::new("evil")]).isolation(isolation);
            // A new state for each call.
            let program = program.max_calls(1).build().await.unwrap();
            let evil = program.function("evil").unwrap();
            for _ in 0..3 {
                evil.call_raw("null").context(7_u64).await.unwrap();
            }
        }
        assert!(counted.asked.load(SeqCst) > 0);
        assert_eq!(counted.contexts.load(SeqCst), 0);
    }
}

#[tokio::test]
async fn what_a_program_keeps_is_limited() {
    let engine = common::engine();
    // A byte in each 18th page of 100 MiB, and lines all over 8 MiB.
    let grow = "(drop (memory.grow (i32.const 1600)))";
    let scatter = format!(
        "(local $at i32) {grow} (local.set $at (i32.const 65536))
         (loop $more
           (i32.store8 (local.get $at) (i32.const 1))
           (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 73728))) (i32.const 104857600))))"
    );
    let fill = format!("{grow} (memory.fill (i32.const 65536) (i32.const 1) (i32.const 8388608))");
    let limits = Limits::default().state(4 << 20);
    let scattered = guest(&scatter, "3", |text| text);
    let filled = guest(&fill, "3", |text| text);

    let host = common::host(ResetPolicy::Require).limits(limits);
    let program = component(&engine, host, &filled)
        .program([Op::new("evil")])
        .build()
        .await;
    assert!(is_state_limit(&program), "{program:?}");

    let host = common::host(ResetPolicy::Require).limits(limits);
    let component = component(&engine, host, &scattered).with_identity("scattered");
    let program = component.program([Op::new("evil")]).build().await.unwrap();
    let size = program.size().unwrap();
    assert!(size.memory > 100 << 20 && size.bytes < 1 << 20, "{size:?}");
    assert_eq!(size.bytes % 1024, 0);
    let evil = program.function("evil").unwrap();
    assert_eq!(evil.call_raw("null").await.unwrap(), "null");

    // Restored, it is as large, and has the same limit.
    let snapshot = program.snapshot().await.unwrap();
    let restored = component.restore(&snapshot).unwrap().build().await.unwrap();
    assert_eq!(restored.size(), program.size());
    let restored = component.restore(&snapshot).unwrap();
    let restored = restored.limits(limits.state(64 << 10)).build().await;
    assert!(is_state_limit(&restored), "{restored:?}");
}

#[tokio::test]
async fn what_a_component_keeps_is_limited() {
    let engine = common::engine();
    // Before its first call; what it has then is kept, and copied into each instance.
    let fill = |bytes: usize| {
        let fill = format!(
            "(drop (memory.grow (i32.const 300)))
             (memory.fill (i32.const 65536) (i32.const 1) (i32.const {bytes}))"
        );
        guest(&fill, "8", |text| text)
    };
    let (much, too_much) = (fill(15 << 20), fill(17 << 20));
    let build = async |policy, guest: &[u8]| {
        let component = component(&engine, common::host(policy), guest);
        component.program([Op::new("evil")]).build().await
    };
    let kept = build(ResetPolicy::Require, &much).await.unwrap();
    assert_eq!(kept.fallback_reason(), None);
    let refused = build(ResetPolicy::Require, &too_much).await;
    assert!(
        matches!(&refused, Err(ProgramError::Run(CallError::NoReset { .. }))),
        "{refused:?}"
    );
    let fresh = build(ResetPolicy::Auto, &too_much).await.unwrap();
    let why = fresh.fallback_reason().unwrap();
    assert!(why.starts_with("it changes "), "{why}");
    let evil = fresh.function("evil").unwrap();
    assert_eq!(evil.call_raw("null").await.unwrap(), "null");
}

fn is_state_limit<T>(result: &Result<T, ProgramError>) -> bool {
    let Err(ProgramError::Run(CallError::Limit {
        exceeded, phase, ..
    })) = result
    else {
        return false;
    };
    (exceeded.limit, *phase) == (Limit::State, Phase::Init)
}

#[tokio::test]
async fn the_size_of_a_program_says_nothing_of_others() {
    let component = common::component(Host::builder());
    let program = component
        .program(["echo", "keep"].map(Op::new))
        .build()
        .await
        .unwrap();
    let alone = program.size();
    let same = component
        .program(["echo", "keep"].map(Op::new))
        .build()
        .await
        .unwrap();
    assert_eq!(program.size(), alone);
    assert_eq!(same.size(), alone);
}

#[tokio::test]
async fn a_receipt_says_what_became_of_the_instance() {
    for (policy, fresh) in [
        (ResetPolicy::Require, None),
        (ResetPolicy::Never, Some(DiscardReason::SingleUse)),
    ] {
        let limits = Limits::default().cpu_time(Duration::from_millis(20));
        let program = common::program(common::host(policy).limits(limits), &[]).await;
        let discarded = async |op: &str| {
            let function = program.function(op).unwrap();
            function.call_raw("1").with_receipt().await.1.discarded
        };
        assert_eq!(discarded("echo").await, fresh);
        assert_eq!(discarded("bad").await, fresh);
        assert_eq!(discarded("trap").await, Some(DiscardReason::Ended));
        assert_eq!(discarded("loop").await, Some(DiscardReason::Ended));
    }
}
