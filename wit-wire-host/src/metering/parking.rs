//! Whether a run gives its instance back while it waits.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// When a run that waits is parked. Without a policy it waits where it is.
#[derive(Clone)]
pub(crate) enum ParkPolicy {
    /// After a wait of this length, or as soon as others could use the instance.
    After(Duration, Arc<Pressure>),
    /// At once, and the embedder answers its hostcalls.
    Durable,
}

/// What a run has said of parking so far.
#[derive(Default)]
pub(super) struct Parking {
    pub(super) policy: Option<ParkPolicy>,
    pub(super) asked: Option<Asked>,
    pub(super) is_between_instances: bool,
    pub(super) parks: u32,
    pub(super) time: Duration,
}

/// A guest was asked to return from `handle`, and to be resumed when there is an answer.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Or at this instant. `None` if only an answer ends the wait.
    pub(crate) until: Option<Instant>,
}

/// Whether so many instances are in use that those of waiting runs are worth more to others.
pub(crate) struct Pressure {
    in_use: AtomicUsize,
    /// As many can be in use without any.
    enough: AtomicUsize,
    rises: Notify,
}

impl Pressure {
    pub(crate) fn new(enough: usize) -> Arc<Self> {
        Arc::new(Self {
            in_use: AtomicUsize::new(0),
            enough: AtomicUsize::new(enough),
            rises: Notify::new(),
        })
    }

    /// Counts one more instance in use, until the result is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> InUse {
        if self.in_use.fetch_add(1, SeqCst) >= self.enough() {
            // One waiting run makes room for this one.
            self.rises.notify_one();
        }
        InUse(self.clone())
    }

    /// Returns once there is pressure.
    pub(crate) async fn high(&self) {
        loop {
            let mut rises = pin!(self.rises.notified());
            rises.as_mut().enable();
            if self.in_use.load(SeqCst) > self.enough() {
                return;
            }
            rises.await;
        }
    }

    /// From now on there is, with any instance in use.
    pub(crate) fn raise(&self) {
        self.enough.store(0, SeqCst);
        self.rises.notify_waiters();
    }

    fn enough(&self) -> usize {
        self.enough.load(SeqCst)
    }
}

/// An instance in use.
pub(crate) struct InUse(Arc<Pressure>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, SeqCst);
    }
}
