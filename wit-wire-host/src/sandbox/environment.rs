//! What a run has on the host besides its guest's memory: its time, its random numbers and what it
//! printed.
//!
//! It belongs to the run and to no store. A store is pointed at it while it serves the run
//! ([`CurrentEnvironment`]), so that the run can go on in another store.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::clock::{since_epoch, since_start};
use super::output::{Output, OutputSink, RunOutput, Stream, TARGET};
use crate::contain::contain;
use crate::metering::Meter;

/// What a call makes the same every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Determinism {
    /// The time of day throughout the call, since 1970.
    pub(crate) clock: Option<Duration>,
    /// The seed of all random numbers.
    pub(crate) seed: Option<u64>,
}

impl Determinism {
    pub(crate) fn new(clock: Option<SystemTime>, seed: Option<u64>) -> Self {
        let clock = clock.map(since_epoch);
        Self { clock, seed }
    }
}

/// What a run has on the host. It may be served by several stores, one after the other. Cheap to
/// clone; clones are the same environment.
#[derive(Clone)]
pub(crate) struct RunEnvironment(Arc<Inner>);

struct Inner {
    determinism: Determinism,
    /// Nanoseconds that the run's monotonic clock is ahead of the process's.
    monotonic_ahead: i64,
    /// The fixed series of random numbers, as far as it was drawn. Most runs have none.
    series: Option<Mutex<Box<ChaCha20Rng>>>,
    output: Mutex<RunOutput>,
}

/// What a run needs to go on in another process, as plain data. Its output is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedEnvironment {
    /// The fixed time of day, since 1970.
    clock: Option<Duration>,
    seed: Option<u64>,
    /// How far the fixed series of random numbers was drawn, in words of 32 bits.
    drawn: u64,
    /// Nanoseconds of the monotonic clock.
    monotonic: u64,
}

impl RunEnvironment {
    /// One with the machine's time and random numbers, and whose output is only stored.
    pub(crate) fn plain(meter: &Meter) -> Self {
        Self::new(meter, Determinism::default(), None)
    }

    /// Nothing is drawn and nothing written yet. What is stored of the output is passed to `sink`,
    /// too, as it is written.
    pub(crate) fn new(meter: &Meter, determinism: Determinism, sink: Option<OutputSink>) -> Self {
        Self::with(meter, determinism, sink, 0, 0)
    }

    /// Goes on where `saved` was, `passed` later. There is room for as much output as if none had
    /// been written.
    pub(crate) fn restore(
        meter: &Meter,
        saved: SavedEnvironment,
        passed: Duration,
        sink: Option<OutputSink>,
    ) -> Self {
        let SavedEnvironment {
            clock,
            seed,
            drawn,
            monotonic,
        } = saved;
        let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        // 292 years are enough for any clock, and leave room for it to go on.
        let signed = |time| i64::try_from(time).unwrap_or(i64::MAX);
        // This process may be younger than the run, or older. Its clock is ahead of `since_start`
        // by the time it is asked, so that the sum is never below what was saved.
        let ahead = signed(monotonic.saturating_add(passed)) - signed(since_start());
        Self::with(meter, Determinism { clock, seed }, sink, drawn, ahead)
    }

    fn with(
        meter: &Meter,
        determinism: Determinism,
        sink: Option<OutputSink>,
        drawn: u64,
        monotonic_ahead: i64,
    ) -> Self {
        let series = determinism.seed.map(|seed| {
            let mut series = Box::new(ChaCha20Rng::seed_from_u64(seed));
            if drawn > 0 {
                series.set_word_pos(drawn.into());
            }
            Mutex::new(series)
        });
        Self(Arc::new(Inner {
            determinism,
            monotonic_ahead,
            series,
            output: Mutex::new(RunOutput::new(meter.limits().log, sink)),
        }))
    }

    /// What another process needs to go on with the run, at this moment.
    pub(crate) fn save(&self) -> SavedEnvironment {
        let Determinism { clock, seed } = self.determinism();
        // The position has 68 bits, and a run does not draw 2^64 words.
        let drawn = self.draw(|series| series.get_word_pos() as u64);
        SavedEnvironment {
            clock,
            seed,
            drawn: drawn.unwrap_or(0),
            monotonic: since_start().saturating_add_signed(self.0.monotonic_ahead),
        }
    }

    /// What was asked for.
    pub(crate) fn determinism(&self) -> Determinism {
        self.0.determinism
    }

    /// What was written since this was last called.
    pub(crate) fn take_output(&self) -> Output {
        self.output().take()
    }

    /// What `draw` takes from the fixed series, if there is one.
    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> Option<T> {
        let series = self.0.series.as_ref()?;
        let mut series = series.lock().unwrap_or_else(PoisonError::into_inner);
        Some(draw(&mut series))
    }

    pub(super) fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut output = self.output();
        let stored = output.write(stream, bytes);
        let sink = output.sink.clone().filter(|_| !stored.is_empty());
        drop(output);
        // It is the embedder's code, and runs without our lock.
        let Some(sink) = sink else { return };
        if contain(|| sink(stream, stored)).is_none() {
            let message = "`Call::on_output` panicked, and is not told of the rest of the output";
            tracing::warn!(target: TARGET, "{message}");
            let ours = self.output().sink.take();
            contain(|| drop((ours, sink)));
        }
    }

    fn output(&self) -> MutexGuard<'_, RunOutput> {
        self.0.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The environment of the run that a store serves at the moment, for the parts of the store that
/// WASI owns. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub(super) struct CurrentEnvironment(Arc<Current>);

#[derive(Default)]
struct Current {
    environment: Mutex<Option<RunEnvironment>>,
    /// That environment's, to be read without a lock.
    monotonic_ahead: AtomicI64,
}

impl CurrentEnvironment {
    pub(super) fn get(&self) -> Option<RunEnvironment> {
        let current = self.0.environment.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, environment: Option<RunEnvironment>) {
        let ahead = environment.as_ref().map_or(0, |new| new.0.monotonic_ahead);
        self.0.monotonic_ahead.store(ahead, Relaxed);
        let current = self.0.environment.lock();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        let previous = std::mem::replace(&mut *current, environment);
        drop(current);
        // Not under the lock: with it may go what is the embedder's.
        drop(previous);
    }

    /// The time of day, if the run has it fixed.
    pub(super) fn clock(&self) -> Option<Duration> {
        self.get()?.0.determinism.clock
    }

    /// Nanoseconds that the run's monotonic clock is ahead of the process's.
    pub(super) fn monotonic_ahead(&self) -> i64 {
        self.0.monotonic_ahead.load(Relaxed)
    }
}

#[cfg(test)]
mod tests;
