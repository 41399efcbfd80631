//! A run's turn at computing, which it gives up while it waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use crate::lanes::{Acquire, Lane, Lanes, Permit};

/// A run's turn at computing, if it has one to give up and take again. Nothing happens where it has
/// none.
#[derive(Default)]
pub(super) struct Turn(Mutex<State>);

#[derive(Default)]
struct State {
    /// Where it comes from; `None` for a run without a turn.
    lanes: Option<Arc<Lanes>>,
    permit: Option<Permit>,
}

impl Turn {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the run has one.
    pub(super) fn begin(&self, permit: Permit) {
        let new = State {
            lanes: Some(permit.lanes().clone()),
            permit: Some(permit),
        };
        let before = std::mem::replace(&mut *self.lock(), new);
        drop(before);
    }

    /// From now on it has none. The permit, unless it was given up.
    pub(super) fn end(&self) -> Option<Permit> {
        let ended = std::mem::take(&mut *self.lock());
        ended.permit
    }

    /// Gives it up, until it is resumed.
    pub(super) fn give_up(&self) {
        let permit = self.lock().permit.take();
        drop(permit);
    }

    /// Takes it again if it was given up. Who waits is in `waiting`.
    pub(super) fn poll_resume(
        &self,
        waiting: &mut Option<Acquire>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let lanes = match &*self.lock() {
            State {
                lanes: Some(lanes),
                permit: None,
            } => lanes.clone(),
            _ => return Poll::Ready(()),
        };
        let waiting_now = waiting.get_or_insert_with(|| lanes.acquire(Lane::Resumed));
        let permit = ready!(Pin::new(waiting_now).poll(context));
        *waiting = None;
        // This lane is never closed.
        if let Ok(permit) = permit {
            self.begin(permit);
        }
        Poll::Ready(())
    }
}
