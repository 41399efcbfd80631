//! Parked calls that go on elsewhere, since the host shuts down.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use bytes::Bytes;
use tokio::sync::Notify;

use super::lock;

/// Where parked calls leave their bytes, once that is asked for.
#[derive(Default)]
pub(crate) struct HandOver {
    begun: AtomicBool,
    begins: Notify,
    calls: Mutex<Vec<Bytes>>,
}

impl HandOver {
    pub(super) fn begin(&self) {
        self.begun.store(true, SeqCst);
        self.begins.notify_waiters();
    }

    /// Returns once parked calls shall leave their bytes.
    pub(crate) async fn begun(&self) {
        let mut begins = pin!(self.begins.notified());
        begins.as_mut().enable();
        if !self.begun.load(SeqCst) {
            begins.await;
        }
    }

    pub(crate) fn leave(&self, call: Bytes) {
        lock(&self.calls).push(call);
    }

    pub(super) fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut *lock(&self.calls))
    }
}
