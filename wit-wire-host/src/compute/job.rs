//! A run on the compute threads, and how its caller gets it back.

use std::any::Any;
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tracing::Dispatch;

use super::threads;
use crate::metering::Meter;
use crate::telemetry::Counted;

/// A run that its caller has given away.
pub(super) struct Job<F: Future> {
    state: Mutex<State<F>>,
    meter: Meter,
    /// Where it finds timers, and spawns what it leaves behind.
    runtime: Handle,
    /// Where its spans and events go.
    subscriber: Dispatch,
    _counted: Counted,
}

struct State<F: Future> {
    run: Place<F>,
    /// Who waits for it.
    caller: Waker,
}

/// Where a run is, and in which state.
enum Place<F: Future> {
    /// In line for its next slice.
    Queued(Pin<Box<F>>),
    /// With a thread that polls it.
    Polled,
    /// It waits for something, and goes on with its caller.
    Back(Pin<Box<F>>),
    Done(F::Output),
    Panicked(Box<dyn Any + Send>),
    /// Nobody waits for it any more, or it was taken back.
    Gone,
}

/// What a caller gets back.
pub(super) enum Back<F: Future> {
    Waits(Pin<Box<F>>),
    Done(F::Output),
    Panicked(Box<dyn Any + Send>),
}

impl<F: Future> Job<F> {
    pub(super) fn new(
        run: Pin<Box<F>>,
        meter: Meter,
        runtime: Handle,
        caller: Waker,
        _counted: Counted,
    ) -> Self {
        let run = Place::Queued(run);
        Self {
            state: Mutex::new(State { run, caller }),
            meter,
            runtime,
            subscriber: tracing::dispatcher::get_default(Dispatch::clone),
            _counted,
        }
    }

    /// For the caller: the run, once it has something for it.
    pub(super) fn poll_back(&self, context: &Context<'_>) -> Poll<Back<F>> {
        let mut state = self.lock();
        if let Place::Queued(_) | Place::Polled = state.run {
            if !state.caller.will_wake(context.waker()) {
                let before = replace(&mut state.caller, context.waker().clone());
                drop(state);
                // Anything may happen when a waker is dropped.
                drop(before);
            }
            return Poll::Pending;
        }
        match replace(&mut state.run, Place::Gone) {
            Place::Back(run) => Poll::Ready(Back::Waits(run)),
            Place::Done(output) => Poll::Ready(Back::Done(output)),
            Place::Panicked(panic) => Poll::Ready(Back::Panicked(panic)),
            Place::Queued(_) | Place::Polled | Place::Gone => Poll::Pending,
        }
    }

    /// Drops the run: at once, or as soon as the thread that polls it is back.
    pub(super) fn cancel(&self) {
        let cancelled = replace(&mut self.lock().run, Place::Gone);
        drop(cancelled);
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Pin<Box<F>>> {
        let mut state = self.lock();
        match replace(&mut state.run, Place::Polled) {
            Place::Queued(run) => Some(run),
            other => {
                state.run = other;
                None
            }
        }
    }

    fn poll(&self, mut run: Pin<Box<F>>) -> Place<F> {
        let before = self.meter.stretch();
        // A guest yields at each tick, and needs nobody to wake it. What waits for anything else is
        // polled again by its caller, and says then whom to wake.
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(output)) => Place::Done(output),
            Ok(Poll::Pending) if self.meter.stretch() > before => Place::Queued(run),
            Ok(Poll::Pending) => Place::Back(run),
            Err(panic) => Place::Panicked(panic),
        }
    }
}

impl<F: Future<Output: Send> + Send> threads::Job for Job<F> {
    fn slice(&self) -> bool {
        let Some(run) = self.next() else {
            return false;
        };
        let _entered = self.runtime.enter();
        tracing::dispatcher::with_default(&self.subscriber, || {
            let polled = self.poll(run);
            let mut state = self.lock();
            if let Place::Gone = state.run {
                drop(state);
                drop(polled);
                return false;
            }
            state.run = polled;
            if let Place::Queued(_) = state.run {
                return true;
            }
            let caller = state.caller.clone();
            drop(state);
            caller.wake();
            false
        })
    }
}
