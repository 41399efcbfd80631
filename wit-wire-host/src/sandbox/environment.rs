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

use super::clock::since_epoch;
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

impl RunEnvironment {
    /// One with the machine's time and random numbers, and whose output is only stored.
    pub(crate) fn plain(meter: &Meter) -> Self {
        Self::new(meter, Determinism::default(), None)
    }

    /// Nothing is drawn and nothing written yet. What is stored of the output is passed to `sink`,
    /// too, as it is written.
    pub(crate) fn new(meter: &Meter, determinism: Determinism, sink: Option<OutputSink>) -> Self {
        let series = determinism.seed.map(ChaCha20Rng::seed_from_u64);
        Self(Arc::new(Inner {
            determinism,
            monotonic_ahead: 0,
            series: series.map(|series| Mutex::new(Box::new(series))),
            output: Mutex::new(RunOutput::new(meter.limits().log, sink)),
        }))
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
