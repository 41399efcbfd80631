//! One request: the calls that are made for it, also by functions, and what they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use python_runtime::{HostcallContext, HostcallError, PythonError};
use serde_json::{Map, Value};

use crate::config::{Caller, Gateway};

/// Fields and elements of lists that a request may have answered.
const MAX_FIELDS: u64 = 10_000;

/// Bytes of values and queries, as they are in memory, that a request may have made.
const MAX_BYTES: u64 = 16 << 20;

/// The context of every call of the request, and so of the hostcalls that the call makes.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) gateway: Arc<Gateway>,
    caller: Arc<Caller>,
    deadline: Instant,
    spent: Arc<Spent>,
}

/// By all queries and calls of a request together.
#[derive(Default)]
struct Spent {
    calls: AtomicU64,
    fields: AtomicU64,
    bytes: AtomicU64,
}

impl Request {
    pub(crate) fn new(gateway: Arc<Gateway>, caller: Arc<Caller>) -> Self {
        Self {
            gateway,
            deadline: Instant::now() + caller.time,
            caller,
            spent: Arc::default(),
        }
    }

    /// The request that a hostcall is made for.
    pub(crate) fn of(context: &HostcallContext) -> Result<&Self, HostcallError> {
        context
            .value()
            .ok_or_else(|| HostcallError::new("no_request", "this call belongs to no request"))
    }

    /// Calls a function, if the caller may.
    pub(crate) async fn call(
        &self,
        name: &str,
        input: impl FnOnce() -> Result<Map<String, Value>, HostcallError>,
    ) -> Result<Value, HostcallError> {
        let Caller {
            name: who, calls, ..
        } = &*self.caller;
        let Some(function) = self.gateway.function(name) else {
            return Err(HostcallError::new(
                "unknown",
                format!("there is no `{name}`"),
            ));
        };
        if !self.caller.may(name) {
            let message = format!("`{who}` may not call `{name}`");
            return Err(HostcallError::new("forbidden", message));
        }
        if self.spent.calls.fetch_add(1, Relaxed) >= *calls {
            let message = format!("`{who}` may make {calls} calls in a request");
            return Err(HostcallError::new("too_many_calls", message));
        }
        let call = function.call(&input()?).context(self.clone());
        let answer = call.deadline(self.deadline).await;
        let value = answer.map_err(|error| {
            match PythonError::of(&error) {
                // A hostcall that was refused is passed on as it was: it is about the caller.
                Some(python) if python.is_input_error() => {
                    HostcallError::new("input", python.message)
                }
                Some(python) => python.hostcall.clone().unwrap_or_else(|| {
                    HostcallError::new("failed", format!("{}: {}", python.ty, python.message))
                }),
                None => HostcallError::new("failed", error.to_string()),
            }
        })?;
        self.spend_value(&value)?;
        Ok(value)
    }

    /// Pays for one more field, or element of a list, in an answer: elements have no `key`.
    pub(crate) fn spend_field(&self, key: &str) -> Result<(), HostcallError> {
        self.spend_bytes(key.len() as u64)?;
        match self.spent.fields.fetch_add(1, Relaxed) + 1 {
            0..=MAX_FIELDS => Ok(()),
            spent => Err(exceeded("field", spent, "answered fields", MAX_FIELDS)),
        }
    }

    /// Pays for bytes of memory.
    pub(crate) fn spend_bytes(&self, more: u64) -> Result<(), HostcallError> {
        match self.spent.bytes.fetch_add(more, Relaxed) + more {
            0..=MAX_BYTES => Ok(()),
            spent => Err(exceeded("size", spent, "bytes of values", MAX_BYTES)),
        }
    }

    /// Pays for what a value takes in memory.
    pub(crate) fn spend_value(&self, value: &Value) -> Result<(), HostcallError> {
        self.spend_bytes(bytes(value))
    }

    /// A value once more: queries can name one as often as they like.
    pub(crate) fn copy(&self, value: &Value) -> Result<Value, HostcallError> {
        self.spend_value(value)?;
        Ok(value.clone())
    }
}

pub(crate) fn exceeded(name: &str, spent: u64, of: &str, limit: u64) -> HostcallError {
    let message = format!("{name} limit exceeded: {spent} {of}, limit {limit}");
    HostcallError::new("limit", message)
}

/// About what a value takes in memory.
fn bytes(value: &Value) -> u64 {
    let inside = match value {
        Value::String(text) => text.len() as u64,
        Value::Array(values) => values.iter().map(bytes).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.len() + size_of::<String>()) as u64 + bytes(value))
            .sum(),
        _ => 0,
    };
    size_of::<Value>() as u64 + inside
}
