//! A guest's clocks.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use super::environment::CurrentEnvironment;

/// The time of day, unless the run has it fixed.
pub(super) struct WallClock(pub(super) CurrentEnvironment);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        let fixed = self.0.clock();
        fixed.unwrap_or_else(|| since_epoch(SystemTime::now()))
    }
}

/// Guests can't be told of times before 1970.
pub(super) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// The process's, in all instances alike: what a guest read in one it may compare in another. A run
/// that began in another process has it shifted.
pub(super) struct MonotonicClock(pub(super) CurrentEnvironment);

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        since_start().saturating_add_signed(self.0.monotonic_ahead())
    }
}

/// Nanoseconds since this process first asked.
pub(super) fn since_start() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
