//! What guests may ask of the host: a trait, and a router of closures by op name.

use std::any::Any;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Span;

use crate::files::{Files, LIST, READ};
use crate::telemetry::{HostcallMetrics, HostcallUnderWay, OTHERS};

/// Names that begin so belong to the host.
pub(crate) const RESERVED: &str = "wit-wire:";

/// Answers guests' hostcalls.
///
/// Closures registered by name ([`HostBuilder::hostcall`](crate::HostBuilder::hostcall)) cover most hosts; implement
/// this to answer names that are not known in advance.
///
/// The future is dropped when the call that made the hostcall is cancelled or runs out of time. A panic in it becomes
/// an error `op_500` for the guest.
///
/// ```
/// use wit_wire_host::{HostcallContext, HostcallError, Hostcalls};
///
/// /// Answers `table.NAME` for tables that come and go.
/// struct Tables;
///
/// impl Hostcalls for Tables {
///     async fn call(&self, _: HostcallContext, op: String, payload: String) -> Result<String, HostcallError> {
///         match op.strip_prefix("table.") {
///             Some(name) => Ok(serde_json::json!({"table": name, "asked": payload}).to_string()),
///             None => Err(HostcallError::new("op_404", format!("the host has no op `{op}`"))),
///         }
///     }
/// }
/// ```
pub trait Hostcalls: Send + Sync + 'static {
    /// Answers the op `op` with `payload`, both as the guest gave them. The answer is JSON.
    fn call(
        &self,
        context: HostcallContext,
        op: String,
        payload: String,
    ) -> impl Future<Output = Result<String, HostcallError>> + Send;
}

/// Who makes a hostcall.
///
/// ```
/// use wit_wire_host::{HostcallContext, HostcallError};
///
/// struct Tenant {
///     id: u64,
/// }
///
/// /// For whom it is said by whoever made the call (`Call::context`), and not by the guest.
/// async fn load(context: HostcallContext, key: String) -> Result<String, HostcallError> {
///     let tenant: &Tenant = context.value().ok_or_else(|| HostcallError::new("no_tenant", "whose call is this?"))?;
///     Ok(format!("what {} keeps under {key}", tenant.id))
/// }
/// # let _ = load;
/// ```
#[derive(Clone)]
pub struct HostcallContext {
    pub(crate) op: Option<Arc<str>>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) value: Option<Arc<dyn Any + Send + Sync>>,
}

impl HostcallContext {
    /// The guest's op that makes the hostcall; `None` while the guest initialises.
    pub fn op(&self) -> Option<&str> {
        self.op.as_deref()
    }

    /// When the call that makes the hostcall must have come back.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The embedder's own value that the call carries, if it is a `T`.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.value.as_ref()?.downcast_ref()
    }
}

/// A hostcall's error, as the guest sees it: JSON `{code, message, cause?}`.
///
/// The host's own codes are `op_404` (no such op), `op_400` (the payload does not fit) and `op_500` (the op panicked, or
/// its answer has no JSON form).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct HostcallError {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whatever else the guest should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Value>,
}

impl HostcallError {
    /// An error without a cause.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            cause: None,
        }
    }

    /// The same error with a cause.
    #[must_use]
    pub fn cause(self, cause: Value) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    fn unknown(op: &str) -> Self {
        let shown: String = op.chars().take(100).collect();
        Self::new("op_404", format!("the host has no op `{shown}`"))
    }

    /// The form on the wire.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Result<String, HostcallError>> + Send + 'a>>;
type Closure = Box<dyn Fn(HostcallContext, String) -> AnswerFuture<'static> + Send + Sync>;

/// Closures by op name, then whatever answers the other names.
#[derive(Default)]
pub(crate) struct Router {
    closures: HashMap<String, Registered>,
    /// A name that was registered twice.
    pub(crate) twice: Option<String>,
    fallback: Option<Box<dyn DynHostcalls>>,
    pub(crate) files: Files,
    metrics: Option<OwnMetrics>,
}

struct Registered {
    closure: Closure,
    metrics: Option<HostcallMetrics>,
}

/// Of hostcalls that no closure answers.
struct OwnMetrics {
    list: HostcallMetrics,
    read: HostcallMetrics,
    others: HostcallMetrics,
}

trait DynHostcalls: Send + Sync {
    fn call<'a>(
        &'a self,
        context: HostcallContext,
        op: String,
        payload: String,
    ) -> AnswerFuture<'a>;
}

impl<T: Hostcalls> DynHostcalls for T {
    fn call<'a>(
        &'a self,
        context: HostcallContext,
        op: String,
        payload: String,
    ) -> AnswerFuture<'a> {
        Box::pin(Hostcalls::call(self, context, op, payload))
    }
}

impl Router {
    pub(crate) fn add<I, O, F, Fut>(&mut self, op: String, closure: F)
    where
        I: DeserializeOwned + Send,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        let name = op.clone();
        let typed = move |context, payload: String| -> AnswerFuture<'static> {
            let answer = match serde_json::from_str(&payload) {
                Ok(input) => closure(context, input),
                Err(error) => {
                    let error = HostcallError::new(
                        "op_400",
                        format!("the payload of `{name}` does not fit: {error}"),
                    );
                    return Box::pin(async move { Err(error) });
                }
            };
            let name = name.clone();
            Box::pin(async move {
                serde_json::to_string(&answer.await?).map_err(|error| {
                    HostcallError::new("op_500", format!("the answer of `{name}`: {error}"))
                })
            })
        };
        let registered = Registered {
            closure: Box::new(typed),
            metrics: None,
        };
        if self.closures.insert(op.clone(), registered).is_some() {
            self.twice = Some(op);
        }
    }

    pub(crate) fn fallback(&mut self, hostcalls: impl Hostcalls) {
        self.fallback = Some(Box::new(hostcalls));
    }

    /// Counts from now on.
    pub(crate) fn watch(&mut self) {
        for (name, registered) in &mut self.closures {
            registered.metrics = Some(HostcallMetrics::new(name));
        }
        self.metrics = Some(OwnMetrics {
            list: HostcallMetrics::new(LIST),
            read: HostcallMetrics::new(READ),
            others: HostcallMetrics::new(OTHERS),
        });
    }

    fn metrics<'a>(
        &'a self,
        op: &str,
        registered: Option<&'a Registered>,
    ) -> Option<&'a HostcallMetrics> {
        match registered {
            Some(registered) => registered.metrics.as_ref(),
            None => self.metrics.as_ref().map(|own| match op {
                LIST => &own.list,
                READ => &own.read,
                _ => &own.others,
            }),
        }
    }

    /// A registered name that is the host's own.
    pub(crate) fn reserved(&self) -> Option<&str> {
        self.closures
            .keys()
            .map(String::as_str)
            .find(|op| op.starts_with(RESERVED))
    }

    /// Always answers: an unknown op and a panic are errors like others.
    pub(crate) async fn call(
        &self,
        context: HostcallContext,
        op: String,
        payload: String,
    ) -> Result<String, HostcallError> {
        let registered = self.closures.get(&op);
        let watched = HostcallUnderWay::new(self.metrics(&op, registered), &op);
        if let Some(answer) = self.files.answer(&op, &payload) {
            watched.end(Some(&answer));
            return answer;
        }
        let name = op.clone();
        let start = || match (registered, &self.fallback) {
            (Some(registered), _) => (registered.closure)(context, payload),
            (None, Some(fallback)) if !op.starts_with(RESERVED) => {
                fallback.call(context, op, payload)
            }
            _ => Box::pin(async move { Err(HostcallError::unknown(&op)) }),
        };
        let answer = match watched.span.in_scope(|| contain(start)) {
            Some(answer) => {
                let mut answer = Contained {
                    answer: Some(answer),
                    span: &watched.span,
                };
                poll_fn(|context| answer.poll(context)).await
            }
            None => None,
        };
        watched.end(answer.as_ref());
        answer.unwrap_or_else(|| Err(panicked(&name)))
    }
}

/// A hostcall's future. It may panic when it is dropped, too, and what drops it is often a call that was cancelled.
struct Contained<'a> {
    answer: Option<AnswerFuture<'a>>,
    span: &'a Span,
}

impl Contained<'_> {
    /// Nothing, if it panics.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<String, HostcallError>>> {
        let Self { answer, span } = self;
        let _entered = span.enter();
        let polled = answer
            .as_mut()
            .and_then(|answer| contain(|| answer.as_mut().poll(context)));
        match polled {
            Some(polled) => polled.map(Some),
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Contained<'_> {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        contain(|| drop(self.answer.take()));
    }
}

/// What code of others comes back with, unless it panics. The state behind a panic is its own; ours is not touched in between.
pub(crate) fn contain<T>(code: impl FnOnce() -> T) -> Option<T> {
    let payload = match catch_unwind(AssertUnwindSafe(code)) {
        Ok(done) => return Some(done),
        Err(payload) => payload,
    };
    // What was panicked with may panic in its turn when it is dropped; what that one panics with is left alone.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
    None
}

fn panicked(op: &str) -> HostcallError {
    HostcallError::new("op_500", format!("the host's op `{op}` panicked"))
}
