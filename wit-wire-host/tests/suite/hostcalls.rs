//! What guests ask of the host.

use super::host;
use crate::common::{self, program};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use wit_wire_host::{
    BuildError, CallError, Durable, Function, HostcallContext, HostcallError, Hostcalls, Limit,
    Limits, Payload,
};

struct Tenant(&'static str);

/// Answers every op with its name.
struct Names;

impl Hostcalls for Names {
    async fn call(
        &self,
        _: HostcallContext,
        op: String,
        payload: Payload,
    ) -> Result<Payload, HostcallError> {
        match payload.as_json() {
            Some("\"fail\"") => Err(HostcallError::new("mine", "as asked").with_cause(json!([op]))),
            _ => Ok(json!(op).to_string().into()),
        }
    }
}

/// The error that the guest was given, which it returns as its own.
async fn error(function: &Function, input: &Value) -> Value {
    match function.call::<_, Value>(input).await {
        Err(CallError::Handler { message, .. }) => serde_json::from_str(&message).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_guest_says_why_it_traps() {
    let program = program(host(), &["panic"]).await;
    let panic = program.function("panic").unwrap();
    let failure = panic.call::<_, Value>("at src/lib.rs:3:5: é").await;
    assert!(
        matches!(&failure, Err(CallError::Panicked { op, message }) if op == "panic" && message == "at src/lib.rs:3:5: é"),
        "{failure:?}"
    );
    // What is no text of up to 64 KiB is not believed.
    let endless = "é".repeat(100_000);
    let failure = panic.call::<_, Value>(&endless).await;
    assert!(
        matches!(failure, Err(CallError::Trap { .. })),
        "{failure:?}"
    );
    let failure = panic.call::<_, Value>(&json!({"no": "text"})).await;
    assert!(
        matches!(failure, Err(CallError::Trap { .. })),
        "{failure:?}"
    );
    // One that goes on after all has failed at nothing.
    assert_eq!(panic.call::<_, Value>(&1).await.unwrap(), 1);
}

#[tokio::test]
async fn durable_calls_wait_only_where_they_can_be_stored() {
    let batch = "y:wit-wire:batch";
    let names = host().hostcalls(Names).immediate(["now"]);
    let program = program(names, &[batch]).await;
    let calls = json!({"calls": [
        {"id": 1, "op": "now", "payload": 1},
        {"id": 2, "op": "later", "payload": 1},
    ]});
    // It does not say that it can park.
    let call = program.function(batch).unwrap();
    let durable = call.call::<_, Value>(&calls).until_parked().await;
    let Ok(Durable::Done(answers)) = durable else {
        panic!("{durable:?}")
    };
    assert_eq!(answers.pointer("/0/ok"), Some(&json!("now")));
    assert_eq!(answers.pointer("/1/err/code"), Some(&json!("op_409")));
}

#[tokio::test]
async fn closures_get_typed_input_and_the_calls_context() {
    let host = host()
        .hostcall("h:add", async |_: HostcallContext, (a, b): (i64, i64)| {
            Ok::<_, HostcallError>(a + b)
        })
        .hostcall("h:who", async |context: HostcallContext, _: Value| {
            let tenant = context.value::<Tenant>().map(|tenant| tenant.0);
            let has_deadline = context.deadline().is_some();
            Ok::<_, HostcallError>(json!([tenant, context.op(), has_deadline]))
        });
    let program = program(host, &["h:who"]).await;
    let add = program.function("h:add").unwrap();
    assert_eq!(add.call::<_, i64>(&[2, 3]).await.unwrap(), 5);
    assert_eq!(
        error(&add, &json!("text")).await,
        json!({"code": "op_400", "message": "invalid payload for `h:add`: invalid type: string \"text\", \
               expected a tuple of size 2 at line 1 column 6"})
    );
    let who = program.function("h:who").unwrap();
    assert_eq!(
        who.call::<_, Value>(&0)
            .context(Tenant("acme"))
            .await
            .unwrap(),
        json!(["acme", "h:who", true])
    );
    assert_eq!(
        who.call::<_, Value>(&0).await.unwrap(),
        json!([null, "h:who", true])
    );
}

#[tokio::test]
async fn a_failing_an_unknown_and_a_panicking_op_are_errors_for_the_guest() {
    let host = host()
        .hostcall("h:fail", async |_: HostcallContext, _: Value| {
            Err::<Value, _>(HostcallError::new("denied", "not you").with_cause(json!({"why": 1})))
        })
        .hostcall("h:panic", async |_: HostcallContext, input: Value| {
            assert_eq!(input, json!("never this"));
            Ok::<_, HostcallError>(input)
        });
    let program = program(host, &["h:fail", "h:panic", "h:none"]).await;
    for (op, expected) in [
        (
            "h:fail",
            json!({"code": "denied", "message": "not you", "cause": {"why": 1}}),
        ),
        (
            "h:none",
            json!({"code": "op_404", "message": "the host has no op `h:none`"}),
        ),
        (
            "h:panic",
            json!({"code": "op_500", "message": "the host's op `h:panic` panicked"}),
        ),
    ] {
        let function = program.function(op).unwrap();
        assert_eq!(error(&function, &Value::Null).await, expected);
    }
}

#[tokio::test]
async fn a_trait_answers_what_no_closure_does() {
    let host = host()
        .hostcalls(Names)
        .hostcall("h:add", async |_: HostcallContext, _: Value| {
            Ok::<_, HostcallError>("the closure")
        });
    let program = program(host, &["h:any"]).await;
    let any = program.function("h:any").unwrap();
    assert_eq!(any.call::<_, String>(&0).await.unwrap(), "h:any");
    assert_eq!(
        error(&any, &json!("fail")).await,
        json!({"code": "mine", "message": "as asked", "cause": ["h:any"]})
    );
    let add = program.function("h:add").unwrap();
    assert_eq!(add.call::<_, String>(&0).await.unwrap(), "the closure");
}

#[test]
fn a_name_is_registered_once() {
    let same = async |_: HostcallContext, value: Value| Ok::<_, HostcallError>(value);
    let error = host()
        .hostcall("a", same)
        .hostcall("a", same)
        .build(&common::engine())
        .unwrap_err();
    assert!(
        matches!(&error, BuildError::DuplicateHostcall(op) if op == "a"),
        "{error}"
    );
}

#[test]
fn the_hosts_own_names_cant_be_registered() {
    let host = host().hostcall("wit-wire:batch", async |_: HostcallContext, _: Value| {
        Ok::<_, HostcallError>(Value::Null)
    });
    let error = host.build(&common::engine()).unwrap_err();
    assert!(
        matches!(&error, BuildError::ReservedHostcall(op) if op == "wit-wire:batch"),
        "{error}"
    );
}

const BATCH: &str = "y:wit-wire:batch";

/// Sets a flag when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One call for each of `ids`, all of the op `op`.
fn calls(op: &str, ids: std::ops::Range<u64>) -> Vec<Value> {
    ids.map(|id| json!({"id": id, "op": op, "payload": id}))
        .collect()
}

#[tokio::test]
async fn hostcalls_of_a_batch_run_side_by_side() {
    // Comes back once all are there.
    let together = Arc::new(Barrier::new(3));
    let host = host().hostcall("meet", move |_: HostcallContext, id: u64| {
        let together = together.clone();
        async move {
            together.wait().await;
            Ok::<_, HostcallError>(id * 10)
        }
    });
    let program = program(host, &[BATCH]).await;
    let batch = program.function(BATCH).unwrap();
    let request = json!({"calls": calls("meet", 1..4), "cancel": [], "wait": null});
    let (answers, receipt) = batch.call::<_, Vec<Value>>(&request).with_receipt().await;
    let mut answers = answers.unwrap();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    // Those that are not among the first come the next time.
    assert!(!answers.is_empty());
    for answer in answers {
        assert_eq!(answer["ok"], json!(answer["id"].as_u64().unwrap() * 10));
    }
    assert_eq!(receipt.hostcalls, 3);
}

#[tokio::test]
async fn each_hostcall_of_a_batch_has_an_answer_of_its_own() {
    let host = host()
        .hostcall("same", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("fail", async |_: HostcallContext, _: Value| {
            Err::<Value, _>(HostcallError::new("denied", "not you"))
        });
    let program = program(host, &[BATCH]).await;
    let batch = program.function(BATCH).unwrap();
    let request = json!({"calls": [
        {"id": 1, "op": "same", "payload": {"a": [1, null]}},
        {"id": 2, "op": "fail", "payload": null},
        {"id": 3, "op": "nothing", "payload": 0},
        {"id": 4, "op": "wit-wire:batch", "payload": {"calls": []}},
    ]});
    let mut answers: Vec<Value> = batch.call(&request).await.unwrap();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    let unknown = |op| json!({"code": "op_404", "message": format!("the host has no op `{op}`")});
    assert_eq!(
        json!(answers),
        json!([
            {"id": 1, "ok": {"a": [1, null]}},
            {"id": 2, "err": {"code": "denied", "message": "not you"}},
            {"id": 3, "err": unknown("nothing")},
            {"id": 4, "err": unknown("wit-wire:batch")},
        ])
    );
    let twice = [calls("same", 1..2), calls("same", 1..2)].concat();
    for bad in [
        json!(1),
        json!({"calls": [{"id": 1}]}),
        json!({"no": 1}),
        json!({ "calls": twice }),
    ] {
        assert_eq!(error(&batch, &bad).await["code"], "op_400", "{bad}");
    }
}

#[tokio::test]
async fn hostcalls_in_flight_end_with_their_call() {
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = dropped.clone();
    let host = host().hostcall("never", move |_: HostcallContext, _: Value| {
        let guard = Dropped(flag.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, HostcallError>(0)
        }
    });
    let program = program(host, &[BATCH]).await;
    let batch = program.function(BATCH).unwrap();
    let request = json!({"calls": calls("never", 1..2), "wait": 0});
    assert_eq!(batch.call::<_, Value>(&request).await.unwrap(), json!([]));
    assert!(dropped.load(Ordering::Relaxed));

    // Also if it is cancelled or ends in an error.
    dropped.store(false, Ordering::Relaxed);
    let request = json!({"calls": calls("never", 1..2), "wait": null});
    let limits = Limits::default().wall_time(Duration::from_secs(1));
    let late = batch.call::<_, Value>(&request).limits(limits).await;
    assert!(matches!(late, Err(CallError::Limit { .. })), "{late:?}");
    assert!(dropped.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_batch_is_limited_like_the_hostcalls_it_has() {
    let host = host().hostcall("same", async |_: HostcallContext, value: Value| {
        Ok::<_, HostcallError>(value)
    });
    let program = program(host, &[BATCH]).await;
    let batch = program.function(BATCH).unwrap();
    let limits = Limits::default().hostcalls(4).hostcall_payload(200);
    for (request, limit) in [
        (calls("same", 0..5), Limit::Hostcalls),
        (
            vec![json!({"id": 0, "op": "same", "payload": "x".repeat(300)})],
            Limit::HostcallPayload,
        ),
    ] {
        let request = json!({ "calls": request });
        let limits = match limit {
            Limit::Hostcalls => limits.hostcall_payload(1000),
            _ => limits,
        };
        let failed = batch.call::<_, Value>(&request).limits(limits).await;
        assert!(
            matches!(&failed, Err(CallError::Limit { exceeded, .. }) if exceeded.limit == limit),
            "{failed:?}"
        );
    }
}

#[tokio::test]
async fn guests_read_the_files_that_the_host_gives() {
    let files = [("pkg/a.py", "x = 1"), ("pkg/b/c.txt", "é"), ("pkg2/a", "")];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let host = host()
        .files(files)
        .files([("raw".to_owned(), vec![0xff, 0])]);
    let [list, read] = ["y:wit-wire:files", "y:wit-wire:file"];
    let program = program(host, &[list, read]).await;
    let [list, read] = [list, read].map(|op| program.function(op).unwrap());
    for (function, input, expected) in [
        (&list, "pkg", json!(["pkg/a.py", "pkg/b/c.txt"])),
        (&list, "pkg/b", json!(["pkg/b/c.txt"])),
        (&list, "raw", json!(["raw"])),
        (&list, "none", json!([])),
        (&read, "pkg/b/c.txt", json!("é")),
        (&read, "pkg2/a", json!("")),
        (&read, "raw", json!({"base64": "/wA="})),
    ] {
        let answer: Value = function.call(input).await.unwrap();
        assert_eq!(answer, expected, "{input}");
    }
    assert_eq!(error(&read, &json!("pkg")).await["code"], "file_404");
    assert_eq!(error(&read, &json!(1)).await["code"], "op_400");
}
