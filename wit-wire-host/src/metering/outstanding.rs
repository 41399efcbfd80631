//! Hostcalls that a run has made and that have no answer yet.
//!
//! They belong to the run and not to the instance that made them: they are dropped with the run.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;

use crate::protocol::HostcallError;

/// The hostcalls in flight, by the id that the guest gave each.
#[derive(Default)]
pub(crate) struct Outstanding {
    in_flight: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = Answered> + Send>>>>,
    handles: HashMap<u64, (AbortHandle, usize)>,
    bytes: usize,
    held_back: Option<Answered>,
}

/// The answer of the hostcall with the id `id`.
pub(crate) struct Answered {
    pub(crate) id: u64,
    pub(crate) answer: Result<String, HostcallError>,
}

impl Outstanding {
    pub(crate) fn contains(&self, id: u64) -> bool {
        self.handles.contains_key(&id)
    }

    /// Bytes of the names and payloads of all hostcalls in flight.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a hostcall with `bytes` of name and payload.
    pub(crate) fn add(
        &mut self,
        id: u64,
        bytes: usize,
        answer: impl Future<Output = Answered> + Send + 'static,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(id, (handle, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        let answer: Pin<Box<dyn Future<Output = Answered> + Send>> = Box::pin(answer);
        self.in_flight.push(Abortable::new(answer, registration));
    }

    pub(crate) fn cancel(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some(handle) = self.forget(*id) {
                handle.abort();
            }
        }
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

    fn forget(&mut self, id: u64) -> Option<AbortHandle> {
        let (handle, bytes) = self.handles.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(handle)
    }
}
