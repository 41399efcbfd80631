//! What a call makes the same every time: the time of day, and random numbers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

use super::clock::since_epoch;

/// What one call asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Determinism {
    /// The time of day throughout the call.
    pub(crate) clock: Option<SystemTime>,
    /// The seed of all random numbers.
    pub(crate) seed: Option<u64>,
}

/// What is fixed for the current run, shared by the clock and the random numbers of a store.
#[derive(Clone, Default)]
pub(crate) struct Fixed(Arc<Mutex<Current>>);

#[derive(Default)]
struct Current {
    clock: Option<Duration>,
    random: Option<ChaCha20Rng>,
}

impl Fixed {
    pub(crate) fn set(&self, determinism: Determinism) {
        let clock = determinism.clock.map(since_epoch);
        let random = determinism.seed.map(ChaCha20Rng::seed_from_u64);
        *self.lock() = Current { clock, random };
    }

    pub(crate) fn clock(&self) -> Option<Duration> {
        self.lock().clock
    }

    /// What `draw` takes from the fixed series, if there is one.
    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> Option<T> {
        self.lock().random.as_mut().map(draw)
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
