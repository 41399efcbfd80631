//! What a call has fixed that otherwise differs from call to call: the time of day, and random numbers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use wasmtime_wasi::HostWallClock;

/// What one call asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) clock: Option<SystemTime>,
    pub(crate) seed: Option<u64>,
}

/// What is fixed for the run under way, as the sandbox of its instance sees it.
#[derive(Clone, Default)]
pub(crate) struct Fixed(Arc<Mutex<Now>>);

#[derive(Default)]
struct Now {
    clock: Option<Duration>,
    random: Option<ChaCha20Rng>,
}

impl Fixed {
    pub(crate) fn set(&self, settings: Settings) {
        let clock = settings.clock.map(since_epoch);
        let random = settings.seed.map(ChaCha20Rng::seed_from_u64);
        *self.lock() = Now { clock, random };
    }

    /// What `draw` takes from the series that is fixed, if one is.
    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> Option<T> {
        self.lock().random.as_mut().map(draw)
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of day.
impl HostWallClock for Fixed {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        let fixed = self.lock().clock;
        fixed.unwrap_or_else(|| since_epoch(SystemTime::now()))
    }
}

/// What is before 1970 can't be said to a guest.
fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
