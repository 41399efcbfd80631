//! The guest that the conformance cases in `wit/conformance` run against.

#![allow(missing_docs, reason = "an example")]

use std::cell::Cell;

use serde_json::{Value, json};
use wit_wire_guest::{Context, Error, HostcallError, Ops, Result};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count(_: Value) -> Result<u64> {
    COUNT.set(COUNT.get() + 1);
    Ok(COUNT.get())
}

fn ask(input: Value, context: &Context) -> Result<Value> {
    Ok(context.hostcall("ask", &input)?)
}

fn ask_caught(input: Value, context: &Context) -> Result<Value> {
    let answer: Result<Value, HostcallError> = context.hostcall("ask", &input);
    answer.or_else(|error| Ok(json!(error)))
}

fn ask_missing(_: Value, context: &Context) -> Result<String> {
    match context.hostcall::<_, Value>("missing", &()) {
        Ok(answer) => Err(Error::new(format!("the host answered {answer}"))),
        Err(error) => Ok(error.code),
    }
}

fn ask_many(times: u64, context: &Context) -> Result<Value> {
    let mut answer = Value::Null;
    for _ in 0..times {
        answer = context.hostcall("ask", &times)?;
    }
    Ok(answer)
}

fn broken(_: Value) -> Result<fn(Value, &Context) -> Result<Value>> {
    Err(Error::new("set up to fail"))
}

fn ops(ops: &mut Ops) {
    ops.function("echo", |input: Value| Ok(input));
    ops.function("fail", |message: String| Err::<(), _>(Error::new(message)));
    ops.function("count", count);
    ops.with_context("ask", ask);
    ops.with_context("ask_caught", ask_caught);
    ops.with_context("ask_missing", ask_missing);
    ops.with_context("ask_many", ask_many);
    ops.function("unencodable", |_: Value| {
        Ok([Some(1.0), None, Some(f64::NAN)])
    });
    ops.with_data("broken", broken);
}

wit_wire_guest::export!(ops);
