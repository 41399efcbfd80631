//! What the instances of a host do, in numbers: for [`Host::stats`](crate::Host::stats) and for
//! metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lock;
use crate::instance::DiscardReason;
use crate::metering::{Limit, LimitExceeded};
use crate::telemetry::{Counted, Level, PoolMetrics, Timed};

/// Numbers of a host's instances: some of this moment, some since the host was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PoolStats {
    /// Instances that exist: idle, at work, those of programs with shared state, and one more for
    /// each component whose instances are reset.
    pub live: usize,
    /// Idle instances.
    pub idle: usize,
    /// Calls waiting for an instance.
    pub waiting: usize,
    /// Calls in flight, including the waiting ones.
    pub in_flight: usize,
    /// Calls that are parked: they wait, and have no instance.
    pub parked: usize,
    /// Bytes that the states of parked calls take.
    pub parked_bytes: usize,
    /// How often a parked call was resumed, or given up.
    pub unparked: u64,
    /// For how long those were parked, all together.
    pub parked_time: Duration,
    /// Those of them that compute for long, on threads of the host's own.
    pub on_compute_threads: usize,
    /// How often an instance was reset to a clean state after a call.
    pub resets: u64,
    /// Wall time of all resets together.
    pub reset_time: Duration,
    /// How often a program's state was loaded into an instance before a call.
    pub loads: u64,
    /// Wall time of all loads together.
    pub load_time: Duration,
    /// Discarded instances, by reason.
    pub discarded: Discarded,
    /// Instances built to replace discarded ones.
    pub rebuilds: u64,
    /// CPU time of work that no call paid for: building the first instance of each component, and
    /// instances ahead of the calls that need them.
    pub background_cpu_time: Duration,
}

/// How many instances were discarded, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Discarded {
    /// A run ended them: a trap, an exit, a limit, a cancelled call.
    pub ended: u64,
    /// Their memory grew beyond what each instance has, and can't shrink.
    pub grew: u64,
    /// A mutable global of theirs changed.
    pub global: u64,
    /// They opened or closed handles.
    pub handles: u64,
    /// They reached the limit on calls per instance (100,000).
    pub calls: u64,
    /// Instances of their component are used once.
    pub single_use: u64,
    /// The system could not tell which of their pages are dirty, or not decommit them.
    pub system: u64,
    /// Their memory was not what it should have been after a reset. Checked only if
    /// [`PoolConfig::verify`](crate::PoolConfig::verify) is set, and never seen.
    pub unclean: u64,
    /// They were idle for too long, or there were too many.
    pub idle: u64,
}

/// The numbers of one host.
pub(super) struct Counts {
    live: Arc<Level>,
    background: Arc<Timed>,
    metrics: PoolMetrics,
    rebuilds: AtomicU64,
    discarded: Mutex<Discarded>,
    /// Notified when the last call is over.
    over: Notify,
}

/// The label of instances that nobody needed.
const IDLE: &str = "idle";

impl Counts {
    pub(super) fn new(live: Arc<Level>, background: Arc<Timed>) -> Self {
        Self {
            live,
            background,
            metrics: PoolMetrics::new(DiscardReason::LABELS.into_iter().chain([IDLE])),
            rebuilds: AtomicU64::new(0),
            discarded: Mutex::default(),
            over: Notify::new(),
        }
    }

    /// Counts a call in flight.
    pub(super) fn call(&self) -> InFlight<'_> {
        self.metrics.in_flight.add();
        InFlight(self)
    }

    /// Waits until no call is in flight.
    pub(super) async fn all_calls_over(&self) {
        loop {
            let over = self.over.notified();
            let mut over = std::pin::pin!(over);
            over.as_mut().enable();
            if self.metrics.in_flight.get() == 0 {
                return;
            }
            over.await;
        }
    }

    /// Counts a parked call, whose state takes `bytes`.
    pub(super) fn park(&self, bytes: usize) {
        self.metrics.parked.add();
        self.metrics.parked_bytes.add_many(bytes);
    }

    /// It is parked no more.
    pub(super) fn unpark(&self, bytes: usize, since: Instant) {
        self.metrics.parked.subtract();
        self.metrics.parked_bytes.subtract_many(bytes);
        self.metrics.parks.add_since(since);
    }

    /// Of calls on compute threads.
    pub(super) fn on_compute_threads(&self) -> &Arc<Level> {
        &self.metrics.on_compute_threads
    }

    /// Counts an idle instance.
    pub(super) fn idle(&self) -> Counted {
        self.metrics.idle.count()
    }

    pub(super) fn idle_now(&self) -> usize {
        self.metrics.idle.get()
    }

    /// Counts one more waiting call, of `most`.
    pub(super) fn join_queue(&self, most: usize) -> Result<Counted, LimitExceeded> {
        let joined = self.metrics.waiting.count_up_to(most);
        joined.map_err(|waiting| LimitExceeded::size(Limit::Queue, most, waiting + 1))
    }

    pub(super) fn waited(&self, since: Instant) {
        self.metrics.wait_seconds.record(since.elapsed());
    }

    pub(super) fn reset(&self, since: Instant) {
        self.metrics.resets.add_since(since);
    }

    pub(super) fn loaded(&self, since: Instant) {
        self.metrics.loads.add_since(since);
    }

    pub(super) fn rebuild(&self) {
        self.rebuilds.fetch_add(1, Relaxed);
        self.metrics.rebuilds.increment(1);
    }

    pub(super) fn discard(&self, reason: DiscardReason) {
        let mut discarded = lock(&self.discarded);
        let count = match reason {
            DiscardReason::Ended => &mut discarded.ended,
            DiscardReason::Grew => &mut discarded.grew,
            DiscardReason::Global => &mut discarded.global,
            DiscardReason::Handles => &mut discarded.handles,
            DiscardReason::Calls => &mut discarded.calls,
            DiscardReason::SingleUse => &mut discarded.single_use,
            DiscardReason::System => &mut discarded.system,
            DiscardReason::Unclean => &mut discarded.unclean,
        };
        *count += 1;
        self.metrics.discarded.add(reason.label(), 1);
    }

    /// Instances that nobody needed.
    pub(super) fn discard_idle(&self, count: u64) {
        lock(&self.discarded).idle += count;
        self.metrics.discarded.add(IDLE, count);
    }

    pub(super) fn stats(&self) -> PoolStats {
        let PoolMetrics {
            idle,
            waiting,
            in_flight,
            parked,
            parked_bytes,
            parks,
            on_compute_threads,
            resets,
            loads,
            ..
        } = &self.metrics;
        PoolStats {
            live: self.live.get(),
            idle: idle.get(),
            waiting: waiting.get(),
            in_flight: in_flight.get(),
            parked: parked.get(),
            parked_bytes: parked_bytes.get(),
            unparked: parks.count(),
            parked_time: parks.total(),
            on_compute_threads: on_compute_threads.get(),
            resets: resets.count(),
            reset_time: resets.total(),
            loads: loads.count(),
            load_time: loads.total(),
            discarded: *lock(&self.discarded),
            rebuilds: self.rebuilds.load(Relaxed),
            background_cpu_time: self.background.total(),
        }
    }
}

/// A call in flight, until it is dropped.
pub(crate) struct InFlight<'a>(&'a Counts);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.0.metrics.in_flight.subtract() == 1 {
            self.0.over.notify_waiters();
        }
    }
}
