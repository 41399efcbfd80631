//! Python functions as a Rust program sees them, in the embedded guest: a module for each chapter.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod api;
mod exceptions;
mod hostcalls;
mod limits;
mod loading;
mod sandbox;
mod state;
mod values;

use std::sync::LazyLock;

use python_runtime::{CallError, Function, Limit, PythonError, PythonRuntime, PythonSource};
use serde_json::Value;

static RUNTIME: LazyLock<PythonRuntime> =
    LazyLock::new(|| PythonRuntime::builder().build().unwrap());

/// The last function that `source` defines.
async fn def(source: &str) -> Function {
    let name = source
        .rsplit_once("def ")
        .and_then(|(_, rest)| rest.split_once('('))
        .unwrap()
        .0;
    RUNTIME
        .function(PythonSource::def(name, source))
        .await
        .unwrap()
}

async fn lambda(source: &str) -> Function {
    RUNTIME
        .function(PythonSource::lambda(source))
        .await
        .unwrap()
}

/// The exception that a call with `input` ends in.
async fn exception(function: &Function, input: &Value) -> PythonError {
    let error = function.call::<_, Value>(input).await.unwrap_err();
    PythonError::of(&error).unwrap_or_else(|| panic!("{error}"))
}

/// Whether `error` is the given limit with the given value. In which phase it was reached depends
/// on how busy the machine is.
fn is_limit(error: &CallError, limit: Limit, allowed: u64) -> bool {
    let CallError::Limit { exceeded, .. } = error else {
        return false;
    };
    (exceeded.limit, exceeded.allowed) == (limit, allowed)
}
