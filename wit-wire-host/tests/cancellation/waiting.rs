//! Calls that park, those of sessions, and durable ones.

use wit_wire_host::{Durable, ParkedCall, Payload, Session};

use super::*;

/// An exchange of a guest that can be parked.
fn waits(op: &str, payload: &Value) -> Value {
    json!({"calls": [{"id": 1, "op": op, "payload": payload}], "park": true})
}

#[test]
fn calls_that_park() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let wait = program.function("wait").unwrap();
        let mut dropped = 0;
        for (input, answer) in [
            (waits("h:yield", &json!(1)), json!([{"id": 1, "ok": 1}])),
            (waits("h:yield", &json!(20)), json!([{"id": 1, "ok": 20}])),
            (
                waits("h:nest", &json!("inner")),
                json!([{"id": 1, "ok": "inner"}]),
            ),
            (json!({"wait": 0.0001, "park": true}), json!([])),
        ] {
            let call = async || {
                let (got, receipt) = wait.call::<_, Value>(&input).with_receipt().await;
                assert_eq!(got.unwrap(), answer);
                let parks = u32::from(policy == ResetPolicy::Require);
                assert_eq!(receipt.parks, parks, "{input}");
            };
            dropped += bench.everywhere(&format!("parked {input}"), call).await;
        }
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 100, "{dropped}");
}

#[test]
fn calls_on_shared_state_that_wait_to_be_resumed() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        bench.program().await;
        let shared = bench.component.program(OPS.map(Op::new));
        let shared = shared.isolation(Isolation::Shared).build().await.unwrap();
        let [keep, wait] = ["keep", "wait"].map(|op| shared.function(op).unwrap());
        let input = waits("h:yield", &json!(5));
        for polls in 0.. {
            keep.call_raw("7").await.unwrap();
            let done = polled(wait.call::<_, Value>(&input).with_receipt(), polls).await;
            assert_eq!(bench.alive.0.load(SeqCst), 0);
            let stats = || bench.component.host().stats();
            until("the call is over", || stats().in_flight == 0).await;
            let expected = match &done {
                Some(_) => "w",
                None if polls == 0 => "7",
                // What it was in the middle of is lost.
                None => "0",
            };
            assert_eq!(keep.call_raw("8").await.unwrap(), expected, "{polls} polls");
            if let Some((answer, _)) = done {
                assert_eq!(answer.unwrap(), json!([{"id": 1, "ok": 5}]));
                return polls;
            }
        }
        0
    });
    assert!(dropped > 8, "{dropped}");
}

/// What calls of the session left.
async fn kept(session: &Session) -> Payload {
    session.call_raw("keep", "7").await.unwrap()
}

#[test]
fn calls_of_sessions() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let is_data = policy == ResetPolicy::Require;
        let mut dropped = 0;
        for (input, answer) in [
            (waits("h:yield", &json!(5)), json!([{"id": 1, "ok": 5}])),
            (
                waits("h:nest", &json!("inner")),
                json!([{"id": 1, "ok": "inner"}]),
            ),
            (json!({"wait": 0.0001, "park": true}), json!([])),
        ] {
            for polls in 0.. {
                let session = program.session();
                kept(&session).await;
                let call = session.call::<_, Value>("wait", &input).with_receipt();
                let done = polled(call, polls).await;
                let expected = match &done {
                    Some(_) => "w",
                    None if is_data || polls == 0 => "7",
                    // The instance that it kept has ended.
                    None => "0",
                };
                assert_eq!(kept(&session).await, expected, "{policy:?}, {polls} polls");
                if is_data {
                    let other = session.fork().unwrap();
                    assert_eq!(kept(&other).await, "7");
                }
                drop(session);
                bench
                    .check(&format!("session, dropped after {polls} polls"))
                    .await;
                dropped += 1;
                if let Some((answered, _)) = done {
                    assert_eq!(answered.unwrap(), answer);
                    break;
                }
            }
        }
        dropped
    });
    println!("dropped at {dropped} await points");
    assert!(dropped > 40, "{dropped}");
}

/// Calls whose turn has not come.
#[test]
fn calls_of_sessions_in_line() {
    let dropped = in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let program = bench.program().await;
        let session = Arc::new(program.session());
        for polls in 0..2 {
            kept(&session).await;
            let held = session.clone();
            let held = tokio::spawn(async move { held.call_raw("h:hold", "1").await });
            bench.held().await;
            let in_line = polled(session.call_raw("keep", "9").with_receipt(), polls).await;
            assert!(in_line.is_none(), "{policy:?} {polls} {in_line:?}");
            bench.gate.add_permits(1);
            held.await.unwrap().unwrap();
            assert_eq!(kept(&session).await, "7");
        }
        2
    });
    assert_eq!(dropped, 8);
}

fn parked<O>(durable: Durable<O>) -> ParkedCall {
    match durable {
        Durable::Parked(parked) => parked,
        Durable::Done(_) => panic!("done"),
    }
}

#[test]
fn durable_calls() {
    let mut dropped = 0;
    for mut runtime in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        dropped += runtime.block_on(async {
            let bench = Bench::new(ResetPolicy::Require);
            let program = bench.program().await;
            let wait = program.function("wait").unwrap();
            let input = waits("h:yield", &json!(5));
            let begin =
                async || parked(wait.call::<_, Value>(&input).until_parked().await.unwrap());
            let mut dropped = bench.everywhere("durable", begin).await;
            let first = begin().await;
            let bytes = first.to_bytes().unwrap();
            assert!(first.hostcalls().iter().all(|hostcall| hostcall.id == 1));
            let done = |durable: Durable<Value>| match durable {
                Durable::Done(output) => assert_eq!(output, json!([{"id": 1, "ok": "yes"}])),
                Durable::Parked(parked) => panic!("{parked:?}"),
            };
            let resume = async || {
                let resumed = first.resume().answer(1, Ok("yes"));
                done(resumed.output().await.unwrap());
            };
            dropped += bench.everywhere("resumed", resume).await;
            let restore = async || {
                let resumed = bench.component.resume(bytes.clone()).unwrap();
                done(resumed.answer(1, Ok("yes")).output().await.unwrap());
            };
            dropped + bench.everywhere("resumed from bytes", restore).await
        });
    }
    println!("dropped at {dropped} await points");
    assert!(dropped >= 6, "{dropped}");
}

/// How a call of a session ends, and what it leaves.
#[test]
fn sessions_are_as_before_calls_that_end_badly() {
    in_both_runtimes(async |policy| {
        let bench = Bench::new(policy);
        let ops = ["keep", "wait", "trap", "panic", "bad", "loop"].map(Op::new);
        let program = bench.component.program(ops).build().await.unwrap();
        let is_data = policy == ResetPolicy::Require;
        let few = Limits::default().cpu_time(Duration::from_millis(5));
        let small = Limits::default().output(4);
        let long = json!([{"id": 1, "ok": 5}]).to_string();
        // A call that keeps something and then ends, and what it is told.
        for (op, input, limits, kind, leaves) in [
            ("trap", "1".to_owned(), few, "trap", false),
            ("panic", "\"boom\"".to_owned(), few, "panicked", false),
            ("loop", "1".to_owned(), few, "limit_cpu_time", false),
            ("bad", "\"no\"".to_owned(), few, "input", true),
            (
                "wait",
                waits("h:yield", &json!(5)).to_string(),
                small,
                "limit_output",
                false,
            ),
            (
                "wait",
                waits("h:yield", &json!(5)).to_string(),
                few,
                "",
                true,
            ),
        ] {
            let session = program.session();
            kept(&session).await;
            let result = session.call_raw(op, input).limits(limits).await;
            match &result {
                Ok(output) => {
                    assert_eq!(kind, "");
                    assert_eq!(*output, *long);
                }
                Err(error) => assert_eq!(error.kind(), kind, "{op}: {error}"),
            }
            let ended = matches!(op, "trap" | "panic" | "loop");
            let expected = match (op, leaves) {
                ("wait", true) => "w",
                ("wait", false) if !is_data => "w",
                _ if ended && !is_data => "0",
                _ => "7",
            };
            assert_eq!(kept(&session).await, expected, "{op} {policy:?}");
        }
        bench.check("sessions").await;
        0
    });
}
