//! What the ticker's thread knows of a store.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Flag;

/// What the ticker's thread knows of a store: since when its guest runs, and its flags.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    /// When the poll that drives it began; 0 while it is not polled.
    pub(super) began: AtomicU64,
    /// One for each component in it that has code.
    flags: Mutex<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    flags: Vec<Flag>,
    /// Whether the store is about to end.
    ended: bool,
}

impl Guest {
    fn lock(&self) -> MutexGuard<'_, Flags> {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a flag that lies in a memory of the store.
    pub(crate) fn add(&self, flag: Flag) {
        let mut flags = self.lock();
        if !flags.ended {
            flags.flags.push(flag);
        }
    }

    /// Whether the ticker has set a flag since this was last asked.
    pub(crate) fn take(&self) -> bool {
        let mut any = false;
        // All of them are cleared.
        for flag in &self.lock().flags {
            any |= flag.take();
        }
        any
    }

    /// Sets the flags if the guest has run for `least` at `now`. Whether it runs.
    pub(super) fn tick(&self, now: u64, least: u64) -> bool {
        let began = self.began.load(Relaxed);
        if began == 0 {
            return false;
        }
        if now.saturating_sub(began) >= least {
            self.lock().flags.iter().for_each(Flag::set);
        }
        true
    }

    /// Drops the flags, for good.
    pub(super) fn end(&self) {
        let mut flags = self.lock();
        flags.flags.clear();
        flags.ended = true;
    }
}
