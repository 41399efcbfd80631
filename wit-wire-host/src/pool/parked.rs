//! Calls that are parked: how many there are, and what they take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use super::Pool;
use super::stats::Counts;
use crate::metering::{Limit, LimitExceeded};

/// How many calls may be parked at once, and how many bytes they may take together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParkBounds {
    pub(crate) calls: usize,
    pub(crate) bytes: usize,
}

/// The parked calls of one program, or of all.
pub(crate) struct ParkedCalls {
    bounds: ParkBounds,
    calls: AtomicUsize,
    bytes: AtomicUsize,
}

impl ParkedCalls {
    pub(crate) fn new(bounds: ParkBounds) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            calls: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        })
    }

    /// Counts one more, which takes `bytes`, until the result is dropped.
    fn join(self: &Arc<Self>, bytes: usize) -> Result<Joined, LimitExceeded> {
        let joined = Joined {
            among: self.clone(),
            bytes,
        };
        let calls = self.calls.fetch_add(1, SeqCst) + 1;
        let together = self.bytes.fetch_add(bytes, SeqCst).saturating_add(bytes);
        LimitExceeded::check(Limit::ParkedCalls, self.bounds.calls, calls)?;
        LimitExceeded::check(Limit::ParkedBytes, self.bounds.bytes, together)?;
        Ok(joined)
    }
}

struct Joined {
    among: Arc<ParkedCalls>,
    bytes: usize,
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.among.calls.fetch_sub(1, SeqCst);
        self.among.bytes.fetch_sub(self.bytes, SeqCst);
    }
}

/// A call while it is parked.
pub(crate) struct Parked {
    _joined: [Joined; 2],
    bytes: usize,
    since: Instant,
    counts: Arc<Counts>,
}

impl Pool {
    /// Parks a call of `program`, whose state takes `bytes`.
    pub(crate) fn park(
        &self,
        program: &Arc<ParkedCalls>,
        bytes: usize,
    ) -> Result<Parked, LimitExceeded> {
        let joined = [program.join(bytes)?, self.parked.join(bytes)?];
        self.counts.park(bytes);
        Ok(Parked {
            _joined: joined,
            bytes,
            since: Instant::now(),
            counts: self.counts.clone(),
        })
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.counts.unpark(self.bytes, self.since);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_call_that_is_refused_counts_no_more() {
        let parked = ParkedCalls::new(ParkBounds {
            calls: 2,
            bytes: 100,
        });
        let first = parked.join(60).unwrap();
        let refused = parked.join(41).err().unwrap();
        assert_eq!(
            (refused.limit, refused.requested),
            (Limit::ParkedBytes, Some(101))
        );
        let second = parked.join(40).unwrap();
        let refused = parked.join(0).err().unwrap();
        assert_eq!(
            (refused.limit, refused.requested),
            (Limit::ParkedCalls, Some(3))
        );
        drop((first, second));
        assert!(parked.join(100).is_ok());
    }
}
