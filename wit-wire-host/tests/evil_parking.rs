//! Evil guests that are asked to park, and those that are not: each ends as it deserves, is charged
//! for what it does, and costs nobody else anything.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::until;
use wit_wire_host::{
    Component, Dialect, Durable, Host, HostcallContext, HostcallError, Limits, Op, PoolConfig,
    Program, ResetPolicy,
};

/// What hostcalls saw.
#[derive(Clone, Default)]
struct Seen {
    alive: Arc<AtomicUsize>,
    /// A compute thread.
    elsewhere: Arc<AtomicBool>,
}

struct Alive(Seen);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.look();
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

impl Seen {
    fn one(&self) -> Alive {
        self.alive.fetch_add(1, SeqCst);
        Alive(self.clone())
    }

    fn look(&self) {
        let thread = std::thread::current();
        if thread
            .name()
            .is_some_and(|name| name.starts_with("wit-wire"))
        {
            self.elsewhere.store(true, SeqCst);
        }
    }
}

fn limits() -> Limits {
    Limits::default()
        .wall_time(Duration::from_secs(300))
        .cpu_time(Duration::from_millis(200))
        .state(1 << 20)
        .memory(8 << 20)
        .hostcalls(100)
}

fn component(policy: ResetPolicy, reseed: char, seen: &Seen) -> Component {
    let text = include_str!("evil/parking.wat").replace("{RESEED}", &(reseed as u32).to_string());
    let guest = common::componentize(wat::parse_str(text).unwrap(), &common::wit(Dialect::V1));
    let engine = common::engine();
    let guest = common::compile(&engine, &guest);
    let pool = PoolConfig::default()
        .instances(2)
        .park_after(Duration::ZERO)
        .reset(policy)
        .verify(true);
    let (yields, never) = (seen.clone(), seen.clone());
    let host = Host::builder()
        .limits(limits())
        .pool(pool)
        .hostcall("echo", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("yield", move |_: HostcallContext, mut times: u32| {
            let alive = yields.one();
            poll_fn(move |context| {
                alive.0.look();
                times = times.saturating_sub(1);
                context.waker().wake_by_ref();
                match times {
                    0 => Poll::Ready(Ok::<_, HostcallError>(7)),
                    _ => Poll::Pending,
                }
            })
        })
        .hostcall("never", move |_: HostcallContext, _: Value| {
            let alive = never.one();
            async move {
                let _alive = alive;
                std::future::pending::<Result<Value, HostcallError>>().await
            }
        });
    let component = host.build(&engine).unwrap().component(&guest).unwrap();
    component.with_identity("evil")
}

async fn program(component: &Component) -> Program {
    let letters = ["p", "n", "q", "h", "l", "t", "s", "b", "e", "u"];
    let ops = letters.iter().flat_map(|first| {
        letters
            .iter()
            .map(move |second| Op::new(format!("{first}{second}")))
    });
    component.program(ops).build().await.unwrap()
}

/// Nothing is left, and the next call is right.
async fn check(component: &Component, program: &Program, seen: &Seen, case: &str) {
    let stats = || component.host().stats();
    let over = || {
        let stats = stats();
        (
            stats.in_flight,
            stats.waiting,
            stats.parked,
            stats.parked_bytes,
        ) == (0, 0, 0, 0)
    };
    until(format!("{case}: all is over"), over).await;
    assert_eq!(seen.alive.load(SeqCst), 0, "{case}");
    assert!(!seen.elsewhere.load(SeqCst), "{case}");
    assert_eq!(stats().discarded.unclean, 0, "{case}");
    let echo = program.function("ee").unwrap();
    assert_eq!(echo.call_raw("[7]").await.unwrap(), "[7]", "{case}");
}

/// What a call comes to: its output, or the kind of its error.
fn outcome(result: Result<wit_wire_host::Payload, wit_wire_host::CallError>) -> String {
    match result {
        Ok(output) => output.deserialize::<Value>().map_or_else(
            |_| format!("text of {} bytes", output.len()),
            |json| json.to_string(),
        ),
        Err(error) => error.kind().to_owned(),
    }
}

const PARKED: &str = "text of 15 bytes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_are_asked_to_park_do_something_else() {
    let one = r#"{"calls":[{"id":1,"op":"yield","payload":3}],"park":true}"#;
    let never = r#"{"calls":[{"id":1,"op":"never","payload":3}],"park":true}"#;
    let moment = r#"{"wait":0.02,"park":true}"#;
    let answer = r#"[{"id":1,"ok":7}]"#;
    // A guest that asks for the same id again, once it is resumed, may do so: it has its answer.
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let seen = Seen::default();
        let component = component(policy, '0', &seen);
        let program = program(&component).await;
        for (op, input, expected) in [
            ("nn", one, PARKED),
            ("qe", one, "1"),
            ("he", one, PARKED),
            ("le", one, "limit_cpu_time"),
            ("te", one, "trap"),
            ("pe", one, answer),
            ("se", one, answer),
            ("be", one, answer),
            ("pn", one, PARKED),
            ("pq", one, "1"),
            ("pt", one, "trap"),
            ("pl", one, "limit_cpu_time"),
            ("pu", one, "error"),
            ("ph", one, PARKED),
            ("pb", one, "limit_memory"),
            ("pp", one, "limit_cpu_time or limit_hostcalls"),
            ("pp", moment, "limit_wall_time"),
            ("sp", moment, "limit_cpu_time or limit_wall_time"),
            ("bp", moment, "limit_cpu_time or limit_wall_time"),
            ("pe", never, "limit_wall_time"),
            ("se", never, "limit_wall_time"),
            // Exchanges that are none, or ask for nothing.
            ("pe", r#"{"park":true}"#, "[]"),
            ("pe", r#"{"park":true,"wait":-1}"#, "[]"),
            ("pe", r#"{"park":true,"wait":0}"#, "[]"),
            // Too far away for a clock, which is like no time at all.
            ("pe", r#"{"park":true,"wait":1e308}"#, "[]"),
            ("pe", r#"{"park":true,"wait":1e999}"#, "op_400"),
            ("pe", r#"{"park":true,"wait":NaN}"#, "op_400"),
            ("pe", r#"{"park":1}"#, "op_400"),
            ("pe", r#"{"park":true,"park":true}"#, "op_400"),
            (
                "pe",
                r#"{"park":true,"cancel":[1,2,18446744073709551615]}"#,
                "[]",
            ),
            ("pe", r#"{"park":true,"cancel":[-1]}"#, "op_400"),
            (
                "pe",
                r#"{"calls":[{"id":1,"op":"never","payload":1},{"id":1,"op":"never","payload":1}],"park":true}"#,
                "op_400",
            ),
            (
                "pe",
                r#"{"calls":[{"id":1,"op":"wit-wire:resume","payload":1}],"park":true}"#,
                "op_404",
            ),
        ] {
            let case = format!("{policy:?} {op} {input}");
            let function = program.function(op).unwrap();
            // What never ends by itself, and computes little.
            let limits = match input == never || input == moment {
                true => limits().wall_time(Duration::from_millis(300)),
                false => limits(),
            };
            let call = function.call_raw(input).limits(limits);
            let (result, receipt) = call.with_receipt().await;
            let found = outcome(result);
            let is_right = match expected {
                "op_400" | "op_404" => found.contains(expected),
                expected => expected.split(" or ").any(|expected| expected == found),
            };
            assert!(is_right, "{case}: {found} and not {expected}");
            if expected.contains("limit_cpu_time or") {
                assert!(
                    receipt.cpu_time > Duration::from_micros(100),
                    "{case}: {receipt:?}"
                );
            }
            check(&component, &program, &seen, &case).await;
        }
    }
}

/// They are asked for that at the beginning of calls whose state others have, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_are_to_draw_new_numbers_do_something_else() {
    let one = r#"{"calls":[{"id":1,"op":"yield","payload":3}],"park":true}"#;
    for (reseed, expected) in [
        ('0', "[7]"),
        ('e', "[7]"),
        ('n', "[7]"),
        ('p', "[7]"),
        ('q', "[7]"),
        ('h', "[7]"),
        ('u', "error"),
        ('t', "trap"),
        ('l', "limit_cpu_time"),
    ] {
        let seen = Seen::default();
        let component = component(ResetPolicy::Require, reseed, &seen);
        let program = program(&component).await;
        let session = program.session();
        let fork = session.fork().unwrap();
        let found = outcome(fork.call_raw("ee", "[7]").await);
        assert_eq!(found, expected, "fork, {reseed}");
        check(&component, &program, &seen, &format!("fork, {reseed}")).await;

        let durable = program.function("pe").unwrap();
        let durable = durable.call_raw(one).until_parked().await.unwrap();
        let Durable::Parked(parked) = durable else {
            panic!("it waits");
        };
        assert_eq!(parked.hostcalls().len(), 1);
        let bytes = parked.to_bytes().unwrap();
        for resume in [parked.resume(), component.resume(bytes).unwrap()] {
            let resumed = resume.answer(1, Ok(7)).await;
            match (resumed, expected) {
                (Ok(Durable::Done(output)), "[7]") => {
                    assert_eq!(
                        output.deserialize::<Value>().unwrap(),
                        json!([{"id": 1, "ok": 7}])
                    );
                }
                (Err(error), expected) => assert_eq!(error.kind(), expected, "{reseed}: {error}"),
                (resumed, _) => panic!("{reseed}: {resumed:?}"),
            }
            check(&component, &program, &seen, &format!("durable, {reseed}")).await;
        }
    }
}

/// Durable ones say what they wait for, and no more.
#[tokio::test]
async fn durable_calls_of_evil_guests_end_where_they_wait() {
    let seen = Seen::default();
    let component = component(ResetPolicy::Require, '0', &seen);
    let program = program(&component).await;
    let one = r#"{"calls":[{"id":1,"op":"yield","payload":3}],"park":true}"#;
    for (op, input, expected) in [
        ("nn", one, PARKED),
        ("qe", one, "1"),
        ("te", one, "trap"),
        ("he", one, PARKED),
        ("pe", one, "parked 1"),
        ("se", one, "parked 1"),
        ("be", one, "limit_state"),
        ("pe", r#"{"park":true}"#, "[]"),
        ("pe", r#"{"park":true,"wait":1e308}"#, "[]"),
        ("pe", r#"{"park":true,"wait":0.5}"#, "parked 0"),
    ] {
        let function = program.function(op).unwrap();
        let durable = function.call_raw(input).until_parked().await;
        let found = match durable {
            Ok(Durable::Parked(parked)) => format!("parked {}", parked.hostcalls().len()),
            Ok(Durable::Done(output)) => outcome(Ok(output)),
            Err(error) => outcome(Err(error)),
        };
        assert_eq!(found, expected, "{op} {input}");
        check(&component, &program, &seen, op).await;
    }
}
