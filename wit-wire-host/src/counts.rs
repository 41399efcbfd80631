//! What the instances of a host do, in numbers: for [`Host::stats`](crate::Host::stats) and for metrics.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tokio::sync::Notify;

use crate::limits::{Limit, LimitExceeded};
use crate::reset::DiscardReason;
use crate::telemetry;

/// What a host's instances do, at one moment and since the host was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PoolStats {
    /// Instances that exist: idle, at work, kept by programs with shared state, and one more for each component whose instances are
    /// reset.
    pub live: usize,
    /// Instances ready for a call.
    pub idle: usize,
    /// Calls that wait for an instance.
    pub waiting: usize,
    /// Calls under way, the waiting ones among them.
    pub in_flight: usize,
    /// Instances taken back to a clean state after a call.
    pub resets: u64,
    /// Time on the clock that those took together.
    pub reset_time: Duration,
    /// Instances that were given the state of another program before a call.
    pub applies: u64,
    /// Time on the clock that those took together.
    pub apply_time: Duration,
    /// Instances not used again, by reason.
    pub discarded: Discarded,
    /// Instances built to replace those.
    pub rebuilds: u64,
}

/// How many instances were not used again, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Discarded {
    /// A run ended them: a trap, an exit, a limit, a cancelled call.
    pub ended: u64,
    /// Their memory grew, and can't shrink.
    pub grew: u64,
    /// A mutable global of theirs changed.
    pub global: u64,
    /// They opened or closed handles.
    pub handles: u64,
    /// They had done their share of calls.
    pub calls: u64,
    /// Instances of their component are used once, or the system could not tell which pages were written or take them back.
    pub used: u64,
    /// Their memory was not what it should have been after a reset. Looked for only if
    /// [`PoolConfig::verify`](crate::PoolConfig::verify) is set, and never seen.
    pub unclean: u64,
    /// Nobody needed them for a while, or there were too many.
    pub idle: u64,
}

/// The numbers of one host.
pub(crate) struct Counts {
    pub(crate) live: Level,
    pub(crate) idle: Level,
    pub(crate) waiting: Level,
    pub(crate) in_flight: Level,
    pub(crate) resets: Timed,
    pub(crate) applies: Timed,
    rebuilds: AtomicU64,
    discarded: Mutex<Discarded>,
    /// Told when a call is over while the host shuts down.
    pub(crate) over: Notify,
    pub(crate) wait_seconds: Histogram,
    rebuilt: Counter,
    discarded_by_reason: telemetry::Counters,
}

/// How many of something there are.
pub(crate) struct Level {
    now: AtomicUsize,
    gauge: Gauge,
}

impl Level {
    fn new(name: &'static str) -> Self {
        Self {
            now: AtomicUsize::new(0),
            gauge: gauge!(name),
        }
    }

    pub(crate) fn add(&self) {
        self.now.fetch_add(1, SeqCst);
        self.gauge.increment(1.0);
    }

    /// Adds one unless there are `most`.
    fn add_up_to(&self, most: usize) -> Result<(), usize> {
        let more = |now| (now < most).then_some(now + 1);
        self.now.fetch_update(SeqCst, SeqCst, more)?;
        self.gauge.increment(1.0);
        Ok(())
    }

    pub(crate) fn get(&self) -> usize {
        self.now.load(SeqCst)
    }

    /// How many there were.
    fn take(&self) -> usize {
        self.gauge.decrement(1.0);
        self.now.fetch_sub(1, SeqCst)
    }
}

/// How often something was done, and how long it took in all.
pub(crate) struct Timed {
    count: AtomicU64,
    nanos: AtomicU64,
    seconds: Histogram,
}

impl Timed {
    fn new(name: &'static str) -> Self {
        Self {
            count: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            seconds: histogram!(name),
        }
    }

    pub(crate) fn add(&self, since: Instant) {
        let time = since.elapsed();
        self.count.fetch_add(1, Relaxed);
        self.nanos.fetch_add(time.as_nanos() as u64, Relaxed);
        self.seconds.record(time);
    }
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            live: Level::new(telemetry::INSTANCES_LIVE),
            idle: Level::new(telemetry::INSTANCES_IDLE),
            waiting: Level::new(telemetry::CALLS_WAITING),
            in_flight: Level::new(telemetry::CALLS_IN_FLIGHT),
            resets: Timed::new(telemetry::RESET_SECONDS),
            applies: Timed::new(telemetry::APPLY_SECONDS),
            rebuilds: AtomicU64::new(0),
            discarded: Mutex::default(),
            over: Notify::new(),
            wait_seconds: histogram!(telemetry::WAIT_SECONDS),
            rebuilt: counter!(telemetry::REBUILDS),
            discarded_by_reason: telemetry::Counters::new(
                [
                    "ended", "grew", "global", "handles", "calls", "used", "unclean", "idle",
                ],
                |reason| counter!(telemetry::DISCARDED, "reason" => reason),
            ),
        }
    }

    pub(crate) fn discard(&self, reason: DiscardReason) {
        let mut discarded = self.discarded();
        let (count, label) = match reason {
            DiscardReason::Ended => (&mut discarded.ended, "ended"),
            DiscardReason::Grew => (&mut discarded.grew, "grew"),
            DiscardReason::Global => (&mut discarded.global, "global"),
            DiscardReason::Handles => (&mut discarded.handles, "handles"),
            DiscardReason::Calls => (&mut discarded.calls, "calls"),
            DiscardReason::Used => (&mut discarded.used, "used"),
            DiscardReason::Unclean => (&mut discarded.unclean, "unclean"),
        };
        *count += 1;
        self.discarded_by_reason.add(label, 1);
    }

    /// Instances that nobody needed.
    pub(crate) fn discard_idle(&self, count: u64) {
        self.discarded().idle += count;
        self.discarded_by_reason.add("idle", count);
    }

    pub(crate) fn rebuild(&self) {
        self.rebuilds.fetch_add(1, Relaxed);
        self.rebuilt.increment(1);
    }

    fn discarded(&self) -> MutexGuard<'_, Discarded> {
        self.discarded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> PoolStats {
        PoolStats {
            live: self.live.get(),
            idle: self.idle.get(),
            waiting: self.waiting.get(),
            in_flight: self.in_flight.get(),
            resets: self.resets.count.load(Relaxed),
            reset_time: Duration::from_nanos(self.resets.nanos.load(Relaxed)),
            applies: self.applies.count.load(Relaxed),
            apply_time: Duration::from_nanos(self.applies.nanos.load(Relaxed)),
            discarded: *self.discarded(),
            rebuilds: self.rebuilds.load(Relaxed),
        }
    }

    /// One more call that waits, of `most`. Counted and compared at once, so that of those who come together as many are let in
    /// as there is room for.
    pub(crate) fn queue_up(self: &Arc<Self>, most: usize) -> Result<Counted, LimitExceeded> {
        match self.waiting.add_up_to(most) {
            Ok(()) => Ok(Counted {
                counts: self.clone(),
                which: |counts| &counts.waiting,
            }),
            Err(waiting) => Err(LimitExceeded::size(Limit::Queue, most, waiting + 1)),
        }
    }
}

/// One more in a counter, until it is dropped.
pub(crate) struct Counted {
    counts: Arc<Counts>,
    which: fn(&Counts) -> &Level,
}

impl Counted {
    pub(crate) fn new(counts: &Arc<Counts>, which: fn(&Counts) -> &Level) -> Self {
        which(counts).add();
        Self {
            counts: counts.clone(),
            which,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.counts).take();
    }
}

/// A call under way, until it is dropped.
pub(crate) struct InFlight<'a>(&'a Counts);

impl<'a> InFlight<'a> {
    pub(crate) fn new(counts: &'a Counts) -> Self {
        counts.in_flight.add();
        Self(counts)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.0.in_flight.take() == 1 {
            self.0.over.notify_waiters();
        }
    }
}
