//! Hostcalls that a run has made and that have no answer yet.
//!
//! They belong to the run and not to the instance that made them: they are dropped with the run.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};

use crate::protocol::HostcallError;

/// The hostcalls in flight, by the id that the guest gave each.
#[derive(Default)]
pub(crate) struct Outstanding {
    in_flight: FuturesUnordered<Abortable<Hostcall>>,
    handles: HashMap<u64, InFlight>,
    /// Those that somebody else answers, in the order in which they were made.
    awaited: BTreeMap<u64, Awaited>,
    bytes: usize,
    held_back: Option<Answered>,
}

type AnswerFuture = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// A hostcall in flight. Clones are the same one: it can be dropped where it is not polled.
#[derive(Clone)]
pub(crate) struct Hostcall(Arc<Mutex<Option<AnswerFuture>>>);

impl Hostcall {
    fn lock(&self) -> MutexGuard<'_, Option<AnswerFuture>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Hostcall {
    type Output = Answered;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answered> {
        match &mut *self.lock() {
            Some(answer) => answer.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

struct InFlight {
    hostcall: Hostcall,
    abort: AbortHandle,
    /// Of its name and payload.
    bytes: usize,
    /// What it asks for, where somebody else may have to do it.
    awaited: Option<Awaited>,
}

/// A hostcall that a durable call waits for, and that the embedder answers.
///
/// With serde: `{"id", "op", "payload"}`, the payload as a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Awaited {
    /// The guest's number for it, unique within the call.
    pub id: u64,
    /// The op.
    pub op: String,
    /// JSON.
    pub payload: String,
}

impl Awaited {
    pub(crate) fn new(id: u64, op: String, payload: String) -> Self {
        Self { id, op, payload }
    }

    fn bytes(&self) -> usize {
        self.op.len().saturating_add(self.payload.len())
    }
}

/// The answer of the hostcall with the id `id`.
pub(crate) struct Answered {
    pub(crate) id: u64,
    pub(crate) answer: Result<String, HostcallError>,
}

impl Outstanding {
    pub(crate) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.handles.contains_key(&id) || self.awaited.contains_key(&id)
    }

    /// Whether none is in flight that the host itself answers.
    pub(crate) fn is_idle(&self) -> bool {
        self.handles.is_empty() && self.held_back.is_none()
    }

    /// Adds a hostcall that somebody else answers.
    pub(crate) fn add_awaited(&mut self, awaited: Awaited) {
        self.bytes = self.bytes.saturating_add(awaited.bytes());
        self.awaited.insert(awaited.id, awaited);
    }

    /// Takes those that somebody else answers, if there are any.
    pub(crate) fn take_awaited(&mut self) -> Option<Self> {
        let awaited = std::mem::take(&mut self.awaited);
        (!awaited.is_empty()).then(|| Self {
            bytes: awaited.values().map(Awaited::bytes).sum(),
            awaited,
            ..Self::default()
        })
    }

    /// All that have no answer, for somebody else to answer. `None` if there is one that this was
    /// not kept of.
    pub(crate) fn to_awaited(&self) -> Option<Vec<Awaited>> {
        let in_flight = self.handles.values().map(|one| one.awaited.clone());
        let theirs = self.awaited.values().cloned().map(Some);
        let mut all = in_flight.chain(theirs).collect::<Option<Vec<_>>>()?;
        all.sort_unstable_by_key(|awaited| awaited.id);
        Some(all)
    }

    /// Those that somebody else answers.
    pub(crate) fn awaited(&self) -> impl ExactSizeIterator<Item = &Awaited> {
        self.awaited.values()
    }

    /// Bytes of the names and payloads of all hostcalls in flight.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a hostcall with `bytes` of name and payload, which are also in `awaited` if somebody
    /// else may have to answer it.
    pub(crate) fn add(
        &mut self,
        id: u64,
        bytes: usize,
        awaited: Option<Awaited>,
        answer: impl Future<Output = Answered> + Send + 'static,
    ) {
        let (abort, registration) = AbortHandle::new_pair();
        let answer: AnswerFuture = Box::pin(answer);
        let hostcall = Hostcall(Arc::new(Mutex::new(Some(answer))));
        self.bytes = self.bytes.saturating_add(bytes);
        self.in_flight
            .push(Abortable::new(hostcall.clone(), registration));
        let in_flight = InFlight {
            hostcall,
            abort,
            bytes,
            awaited,
        };
        self.handles.insert(id, in_flight);
    }

    /// Cancels hostcalls, and returns what is left of them, to be dropped at once: what they hold
    /// counts no more.
    pub(crate) fn cancel(&mut self, ids: &[u64]) -> Vec<AnswerFuture> {
        for id in ids {
            if let Some(awaited) = self.awaited.remove(id) {
                self.bytes = self.bytes.saturating_sub(awaited.bytes());
            }
        }
        let cancelled = ids.iter().filter_map(|id| self.forget(*id));
        let cancelled = cancelled.filter_map(
            |InFlight {
                 hostcall, abort, ..
             }| {
                abort.abort();
                hostcall.lock().take()
            },
        );
        cancelled.collect()
    }

    /// The next answer; `None` if no hostcall is in flight.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Answered>> {
        loop {
            match ready!(self.in_flight.poll_next_unpin(context)) {
                Some(Ok(answered)) => {
                    self.forget(answered.id);
                    return Poll::Ready(Some(answered));
                }
                // Cancelled.
                Some(Err(_)) => {}
                None => return Poll::Ready(None),
            }
        }
    }

    /// Keeps an answer that did not fit into an exchange for the next one.
    pub(crate) fn hold_back(&mut self, answered: Answered) {
        self.held_back = Some(answered);
    }

    pub(crate) fn take_held_back(&mut self) -> Option<Answered> {
        self.held_back.take()
    }

    fn forget(&mut self, id: u64) -> Option<InFlight> {
        let in_flight = self.handles.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(in_flight.bytes);
        Some(in_flight)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn what_is_cancelled_is_gone_before_anybody_polls() {
        let mut outstanding = Outstanding::default();
        let payload = Arc::new(());
        for _ in 0..3 {
            let held = payload.clone();
            let never = async move {
                std::future::pending::<()>().await;
                drop(held);
                Answered {
                    id: 1,
                    answer: Ok(String::new()),
                }
            };
            outstanding.add(1, 1_000, None, never);
            assert_eq!(
                (Arc::strong_count(&payload), outstanding.bytes()),
                (2, 1_000)
            );
            drop(outstanding.cancel(&[1, 1, 2]));
            assert_eq!((Arc::strong_count(&payload), outstanding.bytes()), (1, 0));
        }
        let mut context = Context::from_waker(Waker::noop());
        let next = outstanding.poll_next(&mut context);
        assert!(matches!(next, Poll::Ready(None)), "nothing is in flight");
    }
}
