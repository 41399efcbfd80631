//! Which of the host's closures answers a hostcall.

use std::collections::{HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Span;
use tracing::field::Empty;

use super::files::Files;
use super::{HostcallContext, Hostcalls};
use crate::contain::contain;
use crate::metering::{LONG_TEXT, offload_of_hostcall};
use crate::protocol::reserved::{FILE, FILES, PREFIX};
use crate::protocol::{HostcallError, Payload};
use crate::telemetry::{HostcallMetrics, OTHERS, TARGET, outcome};

type AnswerFuture<'a> = Pin<Box<dyn Future<Output = Result<String, HostcallError>> + Send + 'a>>;
type Closure = Box<dyn Fn(HostcallContext, String) -> AnswerFuture<'static> + Send + Sync>;

/// Closures by op name, and what answers the other names.
#[derive(Default)]
pub(crate) struct Router {
    closures: HashMap<String, Registered>,
    /// A name that was registered twice.
    pub(crate) duplicate: Option<String>,
    fallback: Option<Box<dyn DynHostcalls>>,
    pub(crate) files: Files,
    /// Names that are answered in durable calls, too.
    pub(crate) immediate: HashSet<String>,
    metrics: Option<OwnMetrics>,
}

struct Registered {
    closure: Closure,
    metrics: Option<HostcallMetrics>,
}

/// Of hostcalls without a closure of their own.
struct OwnMetrics {
    files: HostcallMetrics,
    file: HostcallMetrics,
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
        let answer = Hostcalls::call(self, context, op, payload.into());
        Box::pin(async move { answer.await.map(Payload::into_text) })
    }
}

impl Router {
    pub(crate) fn add<I, O, F, Fut>(&mut self, op: String, closure: F)
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        let name: Arc<str> = op.as_str().into();
        let closure = Arc::new(closure);
        let typed = move |context, payload: String| -> AnswerFuture<'static> {
            let (name, closure) = (name.clone(), closure.clone());
            Box::pin(async move {
                let input = parse(payload).await.map_err(|error| {
                    let message = format!("invalid payload for `{name}`: {error}");
                    HostcallError::new("op_400", message)
                })?;
                let answer = closure(context, input).await?;
                serde_json::to_string(&answer).map_err(|error| {
                    HostcallError::new(
                        "op_500",
                        format!("the answer of `{name}` has no JSON form: {error}"),
                    )
                })
            })
        };
        let registered = Registered {
            closure: Box::new(typed),
            metrics: None,
        };
        if self.closures.insert(op.clone(), registered).is_some() {
            self.duplicate = Some(op);
        }
    }

    pub(crate) fn fallback(&mut self, hostcalls: impl Hostcalls) {
        self.fallback = Some(Box::new(hostcalls));
    }

    /// Registers metrics, and counts from now on.
    pub(crate) fn register_metrics(&mut self) {
        for (name, registered) in &mut self.closures {
            registered.metrics = Some(HostcallMetrics::new(name));
        }
        self.metrics = Some(OwnMetrics {
            files: HostcallMetrics::new(FILES),
            file: HostcallMetrics::new(FILE),
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
                FILES => &own.files,
                FILE => &own.file,
                _ => &own.others,
            }),
        }
    }

    /// A registered name that belongs to the protocol.
    pub(crate) fn reserved(&self) -> Option<&str> {
        self.closures
            .keys()
            .map(String::as_str)
            .find(|op| op.starts_with(PREFIX))
    }

    /// Whether the host answers `op` also in durable calls.
    pub(crate) fn is_immediate(&self, op: &str) -> bool {
        op.starts_with(PREFIX) || self.immediate.contains(op)
    }

    /// Always answers: an unknown op and a panic are errors like any other.
    pub(crate) async fn call(
        &self,
        context: HostcallContext,
        op: String,
        payload: String,
    ) -> Result<String, HostcallError> {
        let registered = self.closures.get(&op);
        let watched = HostcallInFlight::new(self.metrics(&op, registered), &op);
        if let Some(answer) = self.files.answer(&op, &payload) {
            watched.end(Some(&answer));
            return answer;
        }
        let name = op.clone();
        let start = || match (registered, &self.fallback) {
            (Some(registered), _) => (registered.closure)(context, payload),
            (None, Some(fallback)) if !op.starts_with(PREFIX) => {
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
        answer.unwrap_or_else(|| Err(HostcallError::panicked(&name)))
    }
}

async fn parse<I: DeserializeOwned + Send + 'static>(payload: String) -> Result<I, String> {
    let parse = |payload: &str| serde_json::from_str(payload).map_err(|error| error.to_string());
    if payload.len() < LONG_TEXT {
        return parse(&payload);
    }
    let parsed = offload_of_hostcall(move || parse(&payload)).await;
    parsed.unwrap_or_else(|_| Err("the async runtime shut down".to_owned()))
}

/// A hostcall's future. It may panic when it is dropped, too, which is often because its call was
/// cancelled.
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

/// A hostcall in flight. Without an outcome, it was dropped.
struct HostcallInFlight<'a> {
    metrics: Option<&'a HostcallMetrics>,
    span: Span,
    began: Instant,
    outcome: &'static str,
}

impl<'a> HostcallInFlight<'a> {
    /// Nothing is counted before the host has been built.
    fn new(metrics: Option<&'a HostcallMetrics>, name: &str) -> Self {
        Self {
            metrics,
            span: tracing::debug_span!(target: TARGET, "hostcall", name = beginning(name), outcome = Empty),
            began: Instant::now(),
            outcome: outcome::DROPPED,
        }
    }

    /// With its answer, unless it panicked.
    fn end<T, E>(mut self, answer: Option<&Result<T, E>>) {
        self.outcome = match answer {
            Some(Ok(_)) => outcome::OK,
            Some(Err(_)) => outcome::ERROR,
            None => outcome::PANIC,
        };
    }
}

impl Drop for HostcallInFlight<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.metrics {
            metrics.outcomes.add(self.outcome, 1);
            metrics.seconds.record(self.began.elapsed());
        }
        self.span.record("outcome", self.outcome);
    }
}

/// The name of a hostcall, which guests choose, as far as it is shown.
fn beginning(name: &str) -> &str {
    let end = name.char_indices().nth(100);
    end.map_or(name, |(end, _)| name.split_at(end).0)
}
