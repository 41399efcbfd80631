//! What guests ask of the host.

use super::host;
use crate::common::{self, program};
use serde_json::{Value, json};
use wit_wire_host::{Error, Function, HostcallContext, HostcallError, Hostcalls};

struct Tenant(&'static str);

/// Answers every op with its name.
struct Names;

impl Hostcalls for Names {
    async fn call(
        &self,
        _: HostcallContext,
        op: String,
        payload: String,
    ) -> Result<String, HostcallError> {
        match payload.as_str() {
            "\"fail\"" => Err(HostcallError::new("mine", "as asked").cause(json!([op]))),
            _ => Ok(json!(op).to_string()),
        }
    }
}

/// The error that the guest was given, which it returns as its own.
async fn error(function: &Function, input: &Value) -> Value {
    match function.call::<_, Value>(input).await {
        Err(Error::Handler { message, .. }) => serde_json::from_str(&message).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_guest_says_why_it_traps() {
    let program = program(host(), &["panic"]).await;
    let panic = program.function("panic").unwrap();
    let failure = panic.call::<_, Value>("at src/lib.rs:3:5: é").await;
    assert!(
        matches!(&failure, Err(Error::Handler { op, message }) if op == "panic" && message == "at src/lib.rs:3:5: é"),
        "{failure:?}"
    );
    // What is no text of up to 64 KiB is not believed.
    let endless = "é".repeat(100_000);
    let failure = panic.call::<_, Value>(&endless).await;
    assert!(matches!(failure, Err(Error::Trap { .. })), "{failure:?}");
    let failure = panic.call::<_, Value>(&json!({"no": "text"})).await;
    assert!(matches!(failure, Err(Error::Trap { .. })), "{failure:?}");
    // One that goes on after all has failed at nothing.
    assert_eq!(panic.call::<_, Value>(&1).await.unwrap(), 1);
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
        json!({"code": "op_400", "message": "the payload of `h:add` does not fit: invalid type: string \"text\", \
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
            Err::<Value, _>(HostcallError::new("denied", "not you").cause(json!({"why": 1})))
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
        .err()
        .unwrap();
    assert!(
        matches!(&error, Error::DuplicateHostcall(op) if op == "a"),
        "{error}"
    );
}

#[test]
fn the_hosts_own_names_cant_be_registered() {
    let host = host().hostcall("wit-wire:batch", async |_: HostcallContext, _: Value| {
        Ok::<_, HostcallError>(Value::Null)
    });
    let error = host.build(&common::engine()).err().unwrap();
    assert!(
        matches!(&error, Error::ReservedOp(op) if op == "wit-wire:batch"),
        "{error}"
    );
}
