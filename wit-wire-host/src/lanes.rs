//! Permits for what there is little of, and two lanes of those who wait for one.
//!
//! Who resumes what has begun comes before who begins; in each lane it is first come, first served.
//! A permit is handed on by name: who came first has it as soon as it is free, even before knowing.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Which line to wait in. The order is the one in which they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// For who has begun, and gave a permit back to wait for something else.
    Resumed,
    /// For who begins. Closed by [`Lanes::close`].
    New,
}

/// A number of permits.
pub(crate) struct Lanes(Mutex<State>);

#[derive(Default)]
struct State {
    /// None are free while somebody waits.
    free: usize,
    /// Whether nobody begins any more.
    is_closed: bool,
    /// The number of the next one who waits.
    next: u64,
    waiting: BTreeMap<(Lane, u64), Waker>,
    /// Who has a permit and does not know yet.
    granted: HashSet<u64>,
}

/// Nobody begins any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

impl State {
    fn take(&mut self, lane: Lane) -> Option<Result<(), Closed>> {
        if self.is_closed && lane == Lane::New {
            return Some(Err(Closed));
        }
        self.free = self.free.checked_sub(1)?;
        Some(Ok(()))
    }

    /// Hands a permit on. Who is to be woken.
    fn release(&mut self) -> Option<Waker> {
        let Some(((_, number), waker)) = self.waiting.pop_first() else {
            self.free += 1;
            return None;
        };
        self.granted.insert(number);
        Some(waker)
    }
}

impl Lanes {
    /// With `permits` to give, at least one.
    pub(crate) fn new(permits: usize) -> Arc<Self> {
        let free = permits.max(1);
        Arc::new(Self(Mutex::new(State {
            free,
            ..State::default()
        })))
    }

    /// A permit if one is free, which none is while somebody waits.
    pub(crate) fn try_acquire(self: &Arc<Self>, lane: Lane) -> Option<Permit> {
        let taken = self.lock().take(lane)?;
        taken.ok().map(|()| Permit(self.clone()))
    }

    /// Waits for a permit. The place in line is that of the first poll.
    ///
    /// Cancel safe: who is dropped leaves the line, and a permit that was granted goes to the next.
    pub(crate) fn acquire(self: &Arc<Self>, lane: Lane) -> Acquire {
        Acquire {
            lanes: self.clone(),
            lane,
            number: None,
        }
    }

    /// From now on nobody begins, also those who wait to. Who resumes still gets a permit.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let refused = state.waiting.split_off(&(Lane::New, 0));
        drop(state);
        refused.into_values().for_each(Waker::wake);
    }

    fn release(&self) {
        let next = self.lock().release();
        if let Some(next) = next {
            next.wake();
        }
    }

    /// Never held while a waker is woken or dropped, which may run anything.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One permit, given back when it is dropped.
#[must_use = "it is given back when it is dropped"]
pub(crate) struct Permit(Arc<Lanes>);

impl Permit {
    /// Where it comes from.
    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.0
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Who waits for a permit ([`Lanes::acquire`]).
pub(crate) struct Acquire {
    lanes: Arc<Lanes>,
    lane: Lane,
    /// The place in line, as long as it is not known what became of it.
    number: Option<u64>,
}

impl Future for Acquire {
    type Output = Result<Permit, Closed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let lane = self.lane;
        let lanes = self.lanes.clone();
        let mut state = lanes.lock();
        let Some(number) = self.number else {
            if let Some(taken) = state.take(lane) {
                drop(state);
                return Poll::Ready(taken.map(|()| Permit(lanes)));
            }
            let number = state.next;
            state.next += 1;
            state
                .waiting
                .insert((lane, number), context.waker().clone());
            self.number = Some(number);
            return Poll::Pending;
        };
        if let Some(waker) = state.waiting.get_mut(&(lane, number)) {
            if !waker.will_wake(context.waker()) {
                let before = std::mem::replace(waker, context.waker().clone());
                drop(state);
                drop(before);
            }
            return Poll::Pending;
        }
        let is_granted = state.granted.remove(&number);
        drop(state);
        self.number = None;
        match is_granted {
            true => Poll::Ready(Ok(Permit(lanes))),
            // Neither: the lane was closed.
            false => Poll::Ready(Err(Closed)),
        }
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let mut state = self.lanes.lock();
        let left = state.waiting.remove(&(self.lane, number));
        let next = match state.granted.remove(&number) {
            true => state.release(),
            false => None,
        };
        drop(state);
        drop(left);
        if let Some(next) = next {
            next.wake();
        }
    }
}

#[cfg(test)]
mod tests;
