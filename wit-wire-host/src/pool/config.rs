//! What an embedder can set.

use std::time::Duration;

use super::{ParkBounds, processors};
use crate::instance::ResetPolicy;

/// The mappings of a process that a pool may use: half of what Linux allows by default.
const MAPPINGS: usize = 32_768;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How many instances a host has, how many calls compute at once, and how they wait.
///
/// - `instances`: 256
/// - `computing`: four for each processor
/// - `queue`: 1,024
/// - `park_after`: 1 ms
/// - `parked_calls`: 1,000,000
/// - `parked_bytes`: 8 GiB
/// - `idle_time`: 60 s
/// - `reset`: [`ResetPolicy::Auto`]
/// - `verify`: no
///
/// ```
/// use wit_wire_host::PoolConfig;
///
/// // For less memory, and callers that want to know early when all is full.
/// let pool = PoolConfig::default().instances(64).queue(128);
/// assert_eq!(pool.instances, 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolConfig {
    /// How many instances calls on clean state may have at once, those that wait for hostcalls
    /// among them; at least one. A call that finds none free waits in line. As many are kept when
    /// idle. They bound memory; an instance is built when a call finds none, so a host whose calls
    /// do not wait has as many as `computing`.
    ///
    /// Hostcalls that call functions use additional ones
    /// ([`Limits::nesting`](crate::Limits::nesting)), and a program with shared state has its own.
    pub instances: usize,
    /// How many calls on clean state may be at work at once, from taking an instance to the end of
    /// its reset; at least one. They bound the load on processors. A call whose function waits for
    /// a hostcall or sleeps leaves its turn to others, and is first in line when it goes on. Calls
    /// made by hostcalls, and those of programs with shared state, take no turn.
    pub computing: usize,
    /// How many calls may wait for an instance at once; further ones are refused. Calls made by
    /// hostcalls are not counted.
    pub queue: usize,
    /// How long a coroutine that waits keeps its instance. If it waits longer, or many instances
    /// are in use, it is parked: its state is stored, and others have the instance.
    pub park_after: Duration,
    /// How many calls may be parked at once; one more fails.
    pub parked_calls: usize,
    /// Bytes that the states of parked calls may take together; a call that would take more fails.
    pub parked_bytes: usize,
    /// How long an idle instance is kept.
    pub idle_time: Duration,
    /// How calls get their clean state.
    pub reset: ResetPolicy,
    /// Compare all of an instance's memory with the expected state after each reset. Costs
    /// milliseconds; meant for tests. An instance that differs is discarded, and counted as
    /// [`Discarded::unclean`](crate::Discarded::unclean).
    pub verify: bool,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            instances: 256,
            computing: 4 * processors(),
            queue: 1024,
            park_after: Duration::from_millis(1),
            parked_calls: 1_000_000,
            parked_bytes: 8 << 30,
            idle_time: Duration::from_secs(60),
            reset: ResetPolicy::default(),
            verify: false,
        }
    }
}

/// Each of these sets one field; the others stay as they are.
impl PoolConfig {
    /// Sets [`instances`](Self::instances).
    #[must_use]
    pub fn instances(self, instances: usize) -> Self {
        Self { instances, ..self }
    }

    /// Sets [`computing`](Self::computing).
    #[must_use]
    pub fn computing(self, computing: usize) -> Self {
        Self { computing, ..self }
    }

    /// Sets [`queue`](Self::queue).
    #[must_use]
    pub fn queue(self, queue: usize) -> Self {
        Self { queue, ..self }
    }

    /// Sets [`park_after`](Self::park_after).
    #[must_use]
    pub fn park_after(self, park_after: Duration) -> Self {
        Self { park_after, ..self }
    }

    /// Sets [`parked_calls`](Self::parked_calls).
    #[must_use]
    pub fn parked_calls(self, parked_calls: usize) -> Self {
        Self {
            parked_calls,
            ..self
        }
    }

    /// Sets [`parked_bytes`](Self::parked_bytes).
    #[must_use]
    pub fn parked_bytes(self, parked_bytes: usize) -> Self {
        Self {
            parked_bytes,
            ..self
        }
    }

    /// Sets [`idle_time`](Self::idle_time).
    #[must_use]
    pub fn idle_time(self, idle_time: Duration) -> Self {
        Self { idle_time, ..self }
    }

    /// Sets [`reset`](Self::reset).
    #[must_use]
    pub fn reset(self, reset: ResetPolicy) -> Self {
        Self { reset, ..self }
    }

    /// Sets [`verify`](Self::verify).
    #[must_use]
    pub fn verify(self, verify: bool) -> Self {
        Self { verify, ..self }
    }

    /// How many ranges of an instance's memory may be mapped for the program that it holds: each
    /// takes two mappings, and there are twice as many instances as permits at most, but for nested
    /// calls.
    pub(crate) fn mapped_ranges(&self) -> usize {
        (MAPPINGS / self.instances.saturating_mul(4).max(1)).clamp(1, 64)
    }

    pub(crate) fn park_bounds(&self) -> ParkBounds {
        ParkBounds {
            calls: self.parked_calls,
            bytes: self.parked_bytes,
        }
    }

    pub(super) fn bounded(self) -> Self {
        Self {
            instances: self.instances.max(1),
            computing: self.computing.max(1),
            // Too far away for the clock is as good as never.
            idle_time: self.idle_time.min(YEAR),
            ..self
        }
    }
}
