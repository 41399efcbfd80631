//! Random numbers for guests: the machine's, except while an instance that will be reset settles.
//!
//! All calls of such a component begin with a copy of what one instance had in memory at rest, so
//! what was random until then is the same for all of them anyway. It is the same in all processes,
//! too, so that a snapshot of a program taken in one process fits the others.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rand_core::TryRng;
use wasmtime_wasi::{Deterministic, Rng, thread_rng};

use super::environment::CurrentEnvironment;

/// A guest's source of random numbers.
pub(crate) struct Randomness {
    start: Deterministic,
    machine: Box<dyn Rng + Send>,
    is_at_rest: Arc<AtomicBool>,
    current: CurrentEnvironment,
}

impl Randomness {
    /// The machine's as soon as `is_at_rest` is set, unless the run has them fixed.
    pub(crate) fn new(is_at_rest: Arc<AtomicBool>, current: CurrentEnvironment) -> Self {
        Self {
            start: Deterministic::new((0..=250).collect()),
            machine: thread_rng(),
            is_at_rest,
            current,
        }
    }

    fn draw<T>(&mut self, mut draw: impl FnMut(&mut dyn Rng) -> T) -> T {
        match self.is_at_rest.load(Relaxed) {
            true => {
                let run = self.current.get();
                let fixed = run.and_then(|run| run.draw(|series| draw(series)));
                fixed.unwrap_or_else(|| draw(&mut self.machine))
            }
            false => draw(&mut self.start),
        }
    }
}

impl TryRng for Randomness {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.draw(|source| source.next_u32()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw(|source| source.next_u64()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let fill = |source: &mut dyn Rng| source.fill_bytes(bytes);
        self.draw(fill);
        Ok(())
    }
}
