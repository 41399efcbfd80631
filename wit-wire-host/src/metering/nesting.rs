//! What a run lends to the calls that its hostcalls make.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::lanes::Lanes;

/// The calls that one run's hostcalls make, as far as they want instances.
///
/// One at a time may take an instance beyond the pool's permits, since the run has a permit and
/// waits. While it is parked it has none, and they wait: until it has one again, which it keeps for
/// as long as any of them has an instance. So there are as many instances as if it had not been
/// parked, and it can always go on, which those that it waits for depend on: nobody else polls
/// them.
pub(crate) struct Nesting {
    /// For the one.
    pub(crate) permit: Arc<Lanes>,
    state: Mutex<State>,
    changes: Notify,
}

#[derive(Default)]
struct State {
    /// Those that have an instance, or wait for one.
    calls: usize,
    is_closed: bool,
}

impl Nesting {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            permit: Lanes::new(1),
            state: Mutex::default(),
            changes: Notify::new(),
        })
    }

    /// Counts one call that wants an instance, until the result is dropped.
    pub(crate) fn join(self: &Arc<Self>) -> NestedCall {
        self.change(|state| state.calls += 1);
        NestedCall(self.clone())
    }

    /// Returns once the calls may have instances.
    pub(crate) async fn opened(&self) {
        self.until(|state| !state.is_closed).await;
    }

    /// From now on the calls may have instances: the run has a permit.
    pub(crate) fn open(&self) {
        self.change(|state| state.is_closed = false);
    }

    /// From now on they may not, if none has one. Whether that is so.
    pub(crate) fn close_if_unused(&self) -> bool {
        self.lock().close_if_unused()
    }

    /// The same, as soon as none has one.
    pub(crate) async fn closed_when_unused(&self) {
        self.until(State::close_if_unused).await;
    }

    /// Returns once a call wants an instance.
    pub(crate) async fn used(&self) {
        self.until(|state| state.calls > 0).await;
    }

    async fn until(&self, mut is_so: impl FnMut(&mut State) -> bool) {
        loop {
            let mut changes = pin!(self.changes.notified());
            changes.as_mut().enable();
            if is_so(&mut self.lock()) {
                return;
            }
            changes.await;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changes.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close_if_unused(&mut self) -> bool {
        self.is_closed |= self.calls == 0;
        self.is_closed
    }
}

/// A call that has an instance, or waits for one.
pub(crate) struct NestedCall(Arc<Nesting>);

impl fmt::Debug for NestedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestedCall").finish_non_exhaustive()
    }
}

impl Drop for NestedCall {
    fn drop(&mut self) {
        self.0.change(|state| state.calls -= 1);
    }
}
