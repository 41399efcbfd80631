//! Hostcalls that a guest makes together: they run concurrently on the host, while the guest waits
//! for the first answer.
//!
//! On the wire it is one hostcall, `wit-wire:batch`. It brings new hostcalls, names those whose
//! answers are no longer needed, and returns the available answers as soon as there is one or the
//! time is up. Hostcalls without an answer stay in flight until the next exchange.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{HostcallContext, Router};
use crate::metering::{
    Answered, Asked, Awaited, Limit, LimitExceeded, Meter, ParkPolicy, Pressure, timeout,
};
use crate::protocol::HostcallError;
use crate::protocol::reserved::{BATCH, PARK};

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
    /// Whether the guest can return from `handle` and be resumed when there is an answer.
    #[serde(default)]
    park: bool,
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

impl From<Answered> for BatchedAnswer {
    fn from(Answered { id, answer }: Answered) -> Self {
        let answer = outcome(answer);
        Self { id, answer }
    }
}

/// Answers one `wit-wire:batch`. The outer error ends the run.
pub(crate) async fn exchange(
    meter: &Meter,
    router: &Arc<Router>,
    context: &HostcallContext,
    payload: &str,
) -> Result<Result<String, HostcallError>, LimitExceeded> {
    let request: Request<'_> = match serde_json::from_str(payload) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("invalid payload for `{BATCH}`: {error}");
            return Ok(Err(HostcallError::new("op_400", message)));
        }
    };
    // First, because what is no longer needed makes room.
    let cancelled = meter.outstanding(|outstanding| outstanding.cancel(&request.cancel));
    // Other people's code runs when a hostcall is dropped.
    drop(cancelled);
    let policy = match request.park {
        true => meter.park_policy(),
        false => None,
    };
    // A batch that does not wait may be followed by one that does.
    let can_wait = request.park || request.wait.is_some_and(|seconds| seconds <= 0.0);
    for call in request.calls {
        if meter.outstanding(|outstanding| outstanding.contains(call.id)) {
            let message = format!("a hostcall with the id {} is already in flight", call.id);
            return Ok(Err(HostcallError::new("op_400", message)));
        }
        start(meter, router, context, call, can_wait)?;
    }
    let wait = until(request.wait);
    let answered = match (policy, wait) {
        // There is nothing to wait for.
        (_, Some(until)) if until <= Instant::now() => Some(collect(meter, wait, false).await?),
        (None, _) => Some(collect(meter, wait, request.park && wait.is_some()).await?),
        (Some(ParkPolicy::Durable), _) => {
            match meter
                .outstanding(|outstanding| (outstanding.is_idle(), outstanding.awaited().len()))
            {
                (true, 0) if wait.is_none() => Some(Vec::new()),
                (true, _) => None,
                (false, _) => Some(collect(meter, wait, false).await?),
            }
        }
        (Some(ParkPolicy::After(patience, pressure)), _) => {
            let is_idle = meter.outstanding(|outstanding| outstanding.is_idle());
            let collect = collect(meter, wait, true);
            match is_idle && wait.is_none() {
                true => Some(Vec::new()),
                false => before(patience, &pressure, collect).await.transpose()?,
            }
        }
    };
    let Some(answers) = answered else {
        meter.ask_to_park(Asked { until: wait });
        return Ok(Ok(PARK.to_owned()));
    };
    Ok(to_json(&answers))
}

/// The answers for a run that is parked, as soon as there is one or the time is up.
pub(crate) async fn answers_of_parked(
    meter: &Meter,
    asked: Asked,
) -> Result<String, LimitExceeded> {
    let answers = collect(meter, asked.until, true).await?;
    // They were JSON.
    Ok(to_json(&answers).unwrap_or_else(|_| "[]".to_owned()))
}

/// `answers` that the embedder gives, in the form in which a guest gets them.
pub(crate) fn given_answers(
    answers: Vec<(u64, Result<String, HostcallError>)>,
) -> Result<String, HostcallError> {
    let answers = answers
        .into_iter()
        .map(|(id, answer)| Answered { id, answer });
    to_json(&answers.map(BatchedAnswer::from).collect::<Vec<_>>())
}

fn to_json(answers: &[BatchedAnswer]) -> Result<String, HostcallError> {
    let answers = serde_json::to_string(answers);
    answers.map_err(|error| HostcallError::new("op_500", error.to_string()))
}

/// When a wait of `seconds` ends. A time too far for the clock is not a limit.
fn until(seconds: Option<f64>) -> Option<Instant> {
    let wait = Duration::try_from_secs_f64(seconds?.max(0.0));
    Instant::now().checked_add(wait.ok()?)
}

/// What `collect` returns, unless that takes longer than `patience`, or others could use the
/// instance.
async fn before<T>(
    patience: Duration,
    pressure: &Pressure,
    collect: impl Future<Output = T>,
) -> Option<T> {
    let mut collect = pin!(collect);
    // What is there already needs no timer.
    let first = poll_fn(|context| Poll::Ready(collect.as_mut().poll(context)));
    if let Poll::Ready(done) = first.await {
        return Some(done);
    }
    if patience.is_zero() {
        return None;
    }
    tokio::select! {
        biased;
        done = &mut collect => Some(done),
        () = pressure.high() => None,
        () = tokio::time::sleep(patience) => None,
    }
}

fn start(
    meter: &Meter,
    router: &Arc<Router>,
    context: &HostcallContext,
    call: BatchedCall<'_>,
    can_wait: bool,
) -> Result<(), LimitExceeded> {
    meter.count_hostcall()?;
    let BatchedCall { id, op, payload } = call;
    let payload = payload.get().to_owned();
    let bytes = op.len().saturating_add(payload.len());
    let is_deferred = meter.is_durable() && !router.is_immediate(&op);
    // Who can't be stored while it waits would wait for ever.
    let is_refused = is_deferred && !can_wait;
    let is_theirs = is_deferred && can_wait;
    let keeps = is_theirs || meter.park_policy().is_some();
    let awaited = keeps.then(|| Awaited::new(id, op.to_string(), payload.clone()));
    let (router, context, op) = (router.clone(), context.clone(), op.into_owned());
    let answer = meter.nest(async move {
        let answer = match is_refused {
            true => Err(HostcallError::not_awaited(&op)),
            false => router.call(context, op, payload).await,
        };
        Answered { id, answer }
    });
    let allowed = meter.limits().hostcall_payload;
    meter.outstanding(|outstanding| {
        // All in flight together: a guest's own memory does not bound what it left with the host.
        let together = outstanding.bytes().saturating_add(bytes);
        LimitExceeded::check(Limit::HostcallPayload, allowed, together)?;
        match awaited {
            Some(awaited) if is_theirs => outstanding.add_awaited(awaited),
            awaited => outstanding.add(id, bytes, awaited, answer),
        }
        Ok(())
    })
}

/// The available answers, once there is one or the time is up. If no hostcall is in flight, it
/// waits only if it `waits_alone`.
async fn collect(
    meter: &Meter,
    until: Option<Instant>,
    waits_alone: bool,
) -> Result<Vec<BatchedAnswer>, LimitExceeded> {
    let allowed = meter.limits().hostcall_answer;
    let held_back = meter.outstanding(|outstanding| outstanding.take_held_back());
    let mut answers: Vec<BatchedAnswer> = held_back.into_iter().map(From::from).collect();
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
            match meter.outstanding(|outstanding| outstanding.poll_next(context)) {
                Poll::Ready(Some(answered)) => {
                    let answer = BatchedAnswer::from(answered);
                    let size = answer.size();
                    if let Err(exceeded) =
                        LimitExceeded::check(Limit::HostcallAnswer, allowed, size)
                    {
                        return Poll::Ready(Err(exceeded));
                    }
                    bytes += size;
                    if bytes > allowed {
                        let answered = answer.into();
                        meter.outstanding(|outstanding| outstanding.hold_back(answered));
                        return Poll::Ready(Ok(()));
                    }
                    answers.push(answer);
                }
                Poll::Ready(None) if waits_alone && answers.is_empty() => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending if answers.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(())),
            }
        }
    });
    match until {
        Some(until) => {
            let wait = until.saturating_duration_since(Instant::now());
            // A runtime that has ended is noticed where the run is driven.
            if let Ok(Some(collected)) = timeout(wait, &mut collect).await {
                collected?;
            }
        }
        None => collect.await?,
    }
    Ok(answers)
}

impl From<BatchedAnswer> for Answered {
    fn from(BatchedAnswer { id, answer }: BatchedAnswer) -> Self {
        let answer = match answer {
            Outcome::Ok(json) => Ok(Box::<str>::from(json).into_string()),
            Outcome::Err(error) => Err(error),
        };
        Self { id, answer }
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
