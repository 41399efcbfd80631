//! Hostcalls that a guest makes together: they run side by side here, while the guest waits for the first of them.
//!
//! On the wire it is one hostcall, `wit-wire:batch`. It brings new calls, names those whose answers nobody wants any more, and
//! comes back with the answers there are, as soon as there is one or the time is over. Calls without an answer go on the
//! next time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::hostcall::{HostcallContext, HostcallError, Router};
use crate::limits::{Limit, LimitExceeded};
use crate::run::{Run, timeout};

/// The protocol's own hostcall for it.
pub(crate) const BATCH: &str = "wit-wire:batch";

/// The calls of a run that were not answered yet. They are dropped with it.
#[derive(Default)]
pub(crate) struct Batch {
    under_way: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = Answered> + Send>>>>,
    handles: HashMap<u64, (AbortHandle, usize)>,
    /// Bytes of their names and payloads.
    bytes: usize,
    /// An answer that did not fit into the latest exchange.
    kept: Option<BatchedAnswer>,
}

/// How long answers are collected before the run's limits are looked at again.
const STRETCH: Duration = Duration::from_millis(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow, default)]
    calls: Vec<BatchedCall<'a>>,
    /// Ids of earlier calls.
    #[serde(default)]
    cancel: Vec<u64>,
    /// Seconds to wait for the first answer; without it, until there is one.
    wait: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchedCall<'a> {
    /// The guest's own, to know the answer by.
    id: u64,
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
}

struct Answered {
    id: u64,
    answer: Result<String, HostcallError>,
}

#[derive(Serialize)]
struct BatchedAnswer {
    id: u64,
    #[serde(flatten)]
    answer: Outcome,
}

impl BatchedAnswer {
    /// Bytes of JSON.
    fn size(&self) -> usize {
        match &self.answer {
            Outcome::Ok(json) => json.get().len(),
            Outcome::Err(error) => error.to_json().len(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Ok(Box<RawValue>),
    Err(HostcallError),
}

impl Batch {
    /// Answers one `wit-wire:batch`. The outer error ends the run.
    pub(crate) async fn exchange(
        &mut self,
        run: &Run,
        router: &Arc<Router>,
        context: &HostcallContext,
        payload: &str,
    ) -> Result<Result<String, HostcallError>, LimitExceeded> {
        let request: Request<'_> = match serde_json::from_str(payload) {
            Ok(request) => request,
            Err(error) => {
                let message = format!("the payload of `{BATCH}` does not fit: {error}");
                return Ok(Err(HostcallError::new("op_400", message)));
            }
        };
        // First, since what is no longer wanted makes room.
        self.cancel(&request.cancel);
        for call in request.calls {
            if self.handles.contains_key(&call.id) {
                let message = format!("a call of the id {} is under way", call.id);
                return Ok(Err(HostcallError::new("op_400", message)));
            }
            self.start(run, router, context, call)?;
        }
        let answers = self.answers(run, request.wait).await?;
        let answers = serde_json::to_string(&answers);
        Ok(answers.map_err(|error| HostcallError::new("op_500", error.to_string())))
    }

    fn cancel(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some((handle, bytes)) = self.handles.remove(id) {
                handle.abort();
                self.bytes -= bytes;
            }
        }
    }

    fn start(
        &mut self,
        run: &Run,
        router: &Arc<Router>,
        context: &HostcallContext,
        call: BatchedCall<'_>,
    ) -> Result<(), LimitExceeded> {
        run.count_hostcall()?;
        let BatchedCall { id, op, payload } = call;
        let payload = payload.get().to_owned();
        let bytes = op.len().saturating_add(payload.len());
        // All that are under way together: a guest's own memory does not bound what it left with the host.
        let together = self.bytes.saturating_add(bytes);
        let allowed = run.limits().hostcall_payload;
        LimitExceeded::check(Limit::HostcallPayload, allowed, together)?;
        self.bytes = together;
        let (router, context, op) = (router.clone(), context.clone(), op.into_owned());
        let answer = run.nest(async move {
            let answer = router.call(context, op, payload).await;
            Answered { id, answer }
        });
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(id, (handle, bytes));
        self.under_way
            .push(Abortable::new(Box::pin(answer), registration));
        Ok(())
    }

    /// Those there are once the first is there, or the time is over.
    async fn answers(
        &mut self,
        run: &Run,
        wait: Option<f64>,
    ) -> Result<Vec<BatchedAnswer>, LimitExceeded> {
        let wait = wait.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)));
        // A time too far for the clock is no limit.
        let wait = wait.and_then(Result::ok);
        let allowed = run.limits().hostcall_payload;
        let mut answers: Vec<BatchedAnswer> = self.kept.take().into_iter().collect();
        let mut bytes = answers.iter().map(BatchedAnswer::size).sum::<usize>();
        let mut collect = poll_fn(|context| {
            let began = Instant::now();
            loop {
                if began.elapsed() > STRETCH {
                    if !answers.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                match self.under_way.poll_next_unpin(context) {
                    Poll::Ready(Some(Ok(Answered { id, answer }))) => {
                        if let Some((_, bytes)) = self.handles.remove(&id) {
                            self.bytes -= bytes;
                        }
                        let answer = BatchedAnswer {
                            id,
                            answer: outcome(answer),
                        };
                        let size = answer.size();
                        if let Err(exceeded) =
                            LimitExceeded::check(Limit::HostcallPayload, allowed, size)
                        {
                            return Poll::Ready(Err(exceeded));
                        }
                        bytes += size;
                        if bytes > allowed {
                            self.kept = Some(answer);
                            return Poll::Ready(Ok(()));
                        }
                        answers.push(answer);
                    }
                    // Cancelled.
                    Poll::Ready(Some(Err(_))) => {}
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending if answers.is_empty() => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(())),
                }
            }
        });
        match wait {
            Some(wait) => {
                // A runtime that has ended is noticed by whoever drives the run.
                if let Ok(Some(collected)) = timeout(wait, &mut collect).await {
                    collected?;
                }
            }
            None => collect.await?,
        }
        Ok(answers)
    }
}

fn outcome(answer: Result<String, HostcallError>) -> Outcome {
    match answer.map(RawValue::from_string) {
        Ok(Ok(json)) => Outcome::Ok(json),
        Ok(Err(error)) => Outcome::Err(HostcallError::new(
            "op_500",
            format!("the host's answer is not JSON: {error}"),
        )),
        Err(error) => Outcome::Err(error),
    }
}
