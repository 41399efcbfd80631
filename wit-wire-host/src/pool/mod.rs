//! Many instances shared by many callers: who waits, who gets which, and what happens afterwards.
//!
//! A call takes an instance that has its program's state already, or a pristine one, or any other
//! that the state can be loaded into, and has it to itself. After the call a background task resets
//! the instance or replaces it, off the caller's path. Only then are the call's permits released.
//! It has two: one for an instance, of which there are as many as memory allows, and a turn at
//! computing, of which there are as many as processors can use. While its function waits, others
//! have its turn; so functions that wait are bounded by memory alone. The pool knows no op, input
//! or program, only images.

mod config;
mod evict;
mod hand_over;
mod idle;
mod idle_set;
mod lease;
mod parked;
mod permits;
mod recycle;
mod stats;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
pub use config::PoolConfig;
use hand_over::HandOver;
pub(crate) use idle_set::IdleSet;
pub(crate) use lease::Lease;
pub(crate) use parked::{ParkBounds, Parked, ParkedCalls};
use permits::Permits;
pub(crate) use permits::{InstancePermit, ProgramPermits};
use stats::{Counts, InFlight};
pub use stats::{Discarded, PoolStats};

use crate::error::CallError;
use crate::lanes::{Lane, Permit};
use crate::metering::{Meter, Pressure};
use crate::telemetry::{Level, Timed};

/// What the components of a host share.
pub(crate) struct Pool {
    config: PoolConfig,
    /// How many threads can work at once.
    processors: usize,
    permits: Permits,
    counts: Arc<Counts>,
    closed: AtomicBool,
    parked: Arc<ParkedCalls>,
    pub(crate) pressure: Arc<Pressure>,
    pub(crate) hand_over: HandOver,
    /// One for each component.
    idle_sets: Mutex<Vec<Weak<IdleSet>>>,
}

impl Pool {
    /// `live` counts the instances that exist, `background` what no call pays for.
    pub(crate) fn new(config: PoolConfig, live: Arc<Level>, background: Arc<Timed>) -> Self {
        let config = config.bounded();
        let counts = Arc::new(Counts::new(live, background));
        Self {
            config,
            processors: processors(),
            permits: Permits::new(&config, counts.clone()),
            counts,
            closed: AtomicBool::new(false),
            parked: ParkedCalls::new(config.park_bounds()),
            pressure: Pressure::new(config.computing),
            hand_over: HandOver::default(),
            idle_sets: Mutex::default(),
        }
    }

    /// Counts a call, unless the host has been shut down. Calls that hostcalls make belong to one
    /// that is in flight.
    pub(crate) fn begin(&self, meter: &Meter) -> Result<InFlight<'_>, CallError> {
        let call = self.counts.call();
        if meter.depth() == 0 && self.is_closed() {
            return Err(CallError::ShutDown);
        }
        Ok(call)
    }

    pub(crate) fn stats(&self) -> PoolStats {
        self.counts.stats()
    }

    /// Waits for one of a program's own permits.
    pub(crate) async fn program_permit(
        &self,
        permits: &ProgramPermits,
        lane: Lane,
        meter: &Meter,
    ) -> Result<Permit, CallError> {
        self.permits.acquire_of_program(permits, lane, meter).await
    }

    /// The same for a call that has begun. Whoever awaits it sees to the call's limits.
    pub(crate) async fn regain_program_permit(&self, permits: &ProgramPermits) -> Permit {
        self.permits.regain_of_program(permits).await
    }

    /// A permit for the instance of a call that has begun. Whoever awaits it sees to the call's
    /// limits.
    pub(crate) async fn regain(&self, meter: &Meter) -> InstancePermit {
        self.permits.regain(meter).await
    }

    /// How many calls are on compute threads.
    pub(crate) fn on_compute_threads(&self) -> &Arc<Level> {
        self.counts.on_compute_threads()
    }

    fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Refuses new calls, waits for those in flight and releases all idle instances.
    pub(crate) async fn shut_down(&self) {
        self.closed.store(true, SeqCst);
        self.permits.close();
        self.counts.all_calls_over().await;
        for set in self.idle_sets() {
            set.release_all();
        }
    }

    /// The same, but does not wait for calls that are parked, or will be: they end, and are
    /// returned as bytes.
    pub(crate) async fn hand_over(&self) -> Vec<Bytes> {
        self.hand_over.begin();
        self.pressure.raise();
        self.shut_down().await;
        self.hand_over.take()
    }

    fn add(&self, set: &Arc<IdleSet>) {
        let mut sets = lock(&self.idle_sets);
        sets.retain(|set| set.strong_count() > 0);
        sets.push(Arc::downgrade(set));
    }

    fn idle_sets(&self) -> Vec<Arc<IdleSet>> {
        let sets = lock(&self.idle_sets);
        sets.iter().filter_map(Weak::upgrade).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
