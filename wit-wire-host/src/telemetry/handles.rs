//! The handles of a host's metrics, taken when the host is built.

use std::sync::Arc;

use metrics::{Counter, Histogram, counter, histogram};

use super::{Counters, Level, Timed};

/// Values of the label `outcome` that are not the kind of a call's error.
pub(crate) mod outcome {
    pub(crate) const OK: &str = "ok";
    pub(crate) const ERROR: &str = "error";
    pub(crate) const CANCELLED: &str = "cancelled";
    pub(crate) const PANIC: &str = "panic";
    pub(crate) const DROPPED: &str = "dropped";
}

/// Of calls.
pub(crate) struct CallMetrics {
    pub(crate) outcomes: Counters,
    pub(crate) seconds: Histogram,
    pub(crate) cpu_seconds: Histogram,
    pub(crate) memory: Histogram,
}

impl CallMetrics {
    /// Counts calls by `outcomes`.
    pub(crate) fn new(outcomes: impl Iterator<Item = &'static str>) -> Self {
        let outcomes = Counters::new(
            outcomes,
            |outcome| counter!(super::CALLS, "outcome" => outcome),
        );
        Self {
            outcomes,
            seconds: histogram!(super::CALL_SECONDS),
            cpu_seconds: histogram!(super::CALL_CPU_SECONDS),
            memory: histogram!(super::CALL_MEMORY),
        }
    }
}

/// Of instances.
pub(crate) struct InstanceMetrics {
    pub(crate) live: Arc<Level>,
    pub(crate) background: Arc<Timed>,
    pub(crate) instantiate_seconds: Histogram,
    pub(crate) inits: Counters,
    pub(crate) init_seconds: Histogram,
}

impl InstanceMetrics {
    pub(crate) fn new() -> Self {
        let outcomes = [outcome::OK, outcome::ERROR, outcome::CANCELLED];
        Self {
            live: Level::new(super::INSTANCES_LIVE),
            background: Arc::new(Timed::new(super::BACKGROUND_CPU_SECONDS)),
            instantiate_seconds: histogram!(super::INSTANTIATE_SECONDS),
            inits: Counters::new(
                outcomes,
                |outcome| counter!(super::INITS, "outcome" => outcome),
            ),
            init_seconds: histogram!(super::INIT_SECONDS),
        }
    }
}

/// Of hostcalls of one name.
pub(crate) struct HostcallMetrics {
    pub(crate) outcomes: Counters,
    pub(crate) seconds: Histogram,
}

impl HostcallMetrics {
    pub(crate) fn new(name: &str) -> Self {
        let name: Arc<str> = name.into();
        let outcomes = [
            outcome::OK,
            outcome::ERROR,
            outcome::PANIC,
            outcome::DROPPED,
        ];
        let count =
            |outcome| counter!(super::HOSTCALLS, "name" => name.clone(), "outcome" => outcome);
        Self {
            outcomes: Counters::new(outcomes, count),
            seconds: histogram!(super::HOSTCALL_SECONDS, "name" => name.clone()),
        }
    }
}

/// Of a pool.
pub(crate) struct PoolMetrics {
    pub(crate) idle: Arc<Level>,
    pub(crate) waiting: Arc<Level>,
    pub(crate) in_flight: Arc<Level>,
    pub(crate) parked: Arc<Level>,
    pub(crate) parked_bytes: Arc<Level>,
    pub(crate) parks: Timed,
    pub(crate) on_compute_threads: Arc<Level>,
    pub(crate) resets: Timed,
    pub(crate) loads: Timed,
    pub(crate) wait_seconds: Histogram,
    pub(crate) rebuilds: Counter,
    pub(crate) discarded: Counters,
}

impl PoolMetrics {
    /// Counts discarded instances by `reasons`.
    pub(crate) fn new(reasons: impl Iterator<Item = &'static str>) -> Self {
        let discarded = Counters::new(
            reasons,
            |reason| counter!(super::DISCARDED, "reason" => reason),
        );
        Self {
            idle: Level::new(super::INSTANCES_IDLE),
            waiting: Level::new(super::CALLS_WAITING),
            in_flight: Level::new(super::CALLS_IN_FLIGHT),
            parked: Level::new(super::CALLS_PARKED),
            parked_bytes: Level::new(super::PARKED_BYTES),
            parks: Timed::new(super::PARKED_SECONDS),
            on_compute_threads: Level::new(super::CALLS_ON_COMPUTE_THREADS),
            resets: Timed::new(super::RESET_SECONDS),
            loads: Timed::new(super::PROGRAM_LOAD_SECONDS),
            wait_seconds: histogram!(super::WAIT_SECONDS),
            rebuilds: counter!(super::REBUILDS),
            discarded,
        }
    }
}
