//! One request: the calls that are made for it, also by functions, and what they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use python_runtime::{HostcallContext, HostcallError, PythonError};
use serde_json::{Map, Value};

use crate::config::{Caller, Gateway};

/// The context of every call of the request, and so of the hostcalls that the call makes.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) gateway: Arc<Gateway>,
    caller: Arc<Caller>,
    deadline: Instant,
    calls: Arc<AtomicU64>,
}

impl Request {
    pub(crate) fn new(gateway: Arc<Gateway>, caller: Arc<Caller>) -> Self {
        Self {
            gateway,
            deadline: Instant::now() + caller.time,
            caller,
            calls: Arc::default(),
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
        input: Map<String, Value>,
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
        if self.calls.fetch_add(1, Relaxed) >= *calls {
            let message = format!("`{who}` may make {calls} calls in a request");
            return Err(HostcallError::new("too_many_calls", message));
        }
        let call = function.call(&input).context(self.clone());
        call.deadline(self.deadline).await.map_err(|error| {
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
        })
    }
}
