//! A word in an instance's memory that its code looks at.

#![allow(
    unsafe_code,
    reason = "a word of a guest's memory is written while the guest runs"
)]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A word that a guest's code loads and the host alone writes: it lies in a memory that only added
/// code can name, and that never grows.
#[derive(Debug)]
pub(crate) struct Flag(NonNull<AtomicU32>);

// SAFETY: what it points to is read and written atomically, from whichever thread.
unsafe impl Send for Flag {}

impl Flag {
    /// The flag that is `word`, bytes of a guest's memory. `None` if they are no word.
    pub(crate) fn new(word: &[u8]) -> Option<Self> {
        let start = word.as_ptr().cast::<AtomicU32>();
        let is_word = word.len() == size_of::<AtomicU32>() && start.is_aligned();
        // The address alone: what is written through is not the borrow, but the mapping that
        // Wasmtime made.
        let start = std::ptr::with_exposed_provenance_mut(start.expose_provenance());
        NonNull::new(start).filter(|_| is_word).map(Self)
    }

    pub(super) fn set(&self) {
        self.word().store(1, Relaxed);
    }

    /// Clears it. Whether it was set.
    pub(super) fn take(&self) -> bool {
        // It is in this processor's cache, and rarely set.
        let was_set = self.word().load(Relaxed) != 0;
        if was_set {
            self.word().store(0, Relaxed);
        }
        was_set
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: the word is aligned, and mapped to be written as long as the store of its memory
        // lives: a memory whose maximum is its size neither moves nor shrinks. Flags are kept in a
        // `Guest` alone, which uses them under its lock, and whose `Registration` takes that lock
        // to drop them before the store is dropped: `GuestStore` has the two in this order. The
        // host accesses the word here and nowhere else. The guest only loads it, by one aligned
        // instruction, which sees a store or does not.
        unsafe { self.0.as_ref() }
    }
}
