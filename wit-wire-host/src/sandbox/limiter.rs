//! Wasmtime's view of the limit on memory, and the limits that hold for all calls.

use async_trait::async_trait;
use wasmtime::ResourceLimiterAsync;

use super::StoreState;
use crate::metering::{Limit, LimitExceeded};

/// Tables are bounded apart from the limit on memory, too.
const TABLE_ENTRIES: usize = 1 << 20;

/// Bytes that an entry of a table takes: a pointer on the host, and as much while a table is copied
/// to grow.
const TABLE_ENTRY: usize = 16;

/// As many entries as real programs have count nothing, so that the limit on memory is one on
/// memory for them.
const FREE_ENTRIES: usize = 1 << 16;

/// Each takes host memory, which no limit on the guest's own memory counts, and all of them can be
/// waited for at once.
pub(crate) const OPEN_HANDLES: usize = 10_000;

/// Bytes of the memory of a flag for interrupts, which each component with code in it has.
const FLAG_MEMORY: usize = 64 << 10;

/// Those of flags included.
const MEMORIES: usize = 24;

/// The random bytes that a guest may ask for at once: they are generated without a look at the
/// clock.
pub(super) const RANDOM_BYTES: u64 = 1 << 20;

/// Counts an instance's linear memory and tables, and refuses growth beyond the limit.
///
/// A refusal ends the run with a typed error instead of letting `memory.grow` fail: what an
/// interpreter does when its allocator fails half-way differs between languages and versions.
#[derive(Default)]
pub(crate) struct MemoryLimiter {
    pub(crate) allowed: usize,
    /// Bytes of memory that the guest sees.
    pub(crate) used: usize,
    /// `used` before the latest growth, which may still fail.
    before: usize,
    table_entries: usize,
    /// Whether the instance has one memory, of which the guest may see a part.
    is_virtual: bool,
    /// An address on the stack on which a memory grew last, which is the guest's.
    pub(crate) stack: usize,
}

/// A memory can't become larger. A guest that is to see more of what its memory has asks for that
/// by a growth beyond this (`wit/instance-state.wit`).
const LARGEST: usize = 1 << 32;

impl MemoryLimiter {
    pub(crate) fn new(is_virtual: bool) -> Self {
        Self {
            is_virtual,
            ..Self::default()
        }
    }

    fn check(&self, memory: usize, table_entries: usize) -> Result<(), LimitExceeded> {
        let counted = table_entries.saturating_sub(FREE_ENTRIES);
        let tables = counted.saturating_mul(TABLE_ENTRY);
        LimitExceeded::check(Limit::Memory, self.allowed, memory.saturating_add(tables))
    }

    /// The memory of a flag for interrupts is the host's. Where the guest sees a part of its own
    /// memory, that alone counts.
    pub(super) fn uncount_flag(&mut self) {
        if !self.is_virtual {
            self.used = self.used.saturating_sub(FLAG_MEMORY);
        }
    }

    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let here = 0_u8;
        self.stack = std::ptr::from_ref(&here).expose_provenance();
        self.before = self.used;
        let asked = match (self.is_virtual, desired.checked_sub(LARGEST)) {
            (true, Some(asked @ 1..)) => Some(asked),
            // More than the guest itself declared, which it expects to fail.
            _ if maximum.is_some_and(|maximum| desired > maximum) => return Ok(false),
            _ => None,
        };
        let used = match (asked, self.is_virtual) {
            (Some(asked), _) => asked,
            // What it sees then is all.
            (None, true) => desired,
            (None, false) => self.used.saturating_sub(current).saturating_add(desired),
        };
        self.check(used, self.table_entries)?;
        self.used = used;
        Ok(asked.is_none())
    }

    fn memory_grow_failed(&mut self) {
        self.used = self.before;
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let entries = self
            .table_entries
            .saturating_sub(current)
            .saturating_add(desired);
        LimitExceeded::check(Limit::Tables, TABLE_ENTRIES, entries)?;
        self.check(self.used, entries)?;
        self.table_entries = entries;
        Ok(true)
    }
}

/// Wasmtime asks before a memory or a table grows, wherever the guest is at the moment. A guest
/// whose flag is set lets the flag's memory grow, which has its maximum already.
#[async_trait]
impl ResourceLimiterAsync for StoreState {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.look_up().await?;
        self.memory.memory_growing(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.memory_grow_failed();
        Ok(())
    }

    async fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.look_up().await?;
        self.memory.table_growing(current, desired, maximum)
    }

    // Each memory reserves gigabytes of address space, whatever its size. The CPython guest has 2
    // memories, 2 tables and 16 core modules: one memory and two modules are for its flag.

    fn memories(&self) -> usize {
        MEMORIES
    }

    fn tables(&self) -> usize {
        64
    }

    fn instances(&self) -> usize {
        256
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_guest_that_is_to_see_more_of_its_memory_asks_by_a_growth_that_fails() {
        let mut limiter = MemoryLimiter::new(true);
        limiter.allowed = 100;
        assert!(limiter.memory_growing(0, 10, Some(LARGEST)).unwrap());
        // The host's own, for all of its guests.
        assert!(limiter.memory_growing(10, 80, Some(LARGEST)).unwrap());
        limiter.used = 10;
        for (asked, seen) in [(60, 60), (101, 60), (100, 100)] {
            let answer = limiter.memory_growing(80, LARGEST + asked, Some(LARGEST));
            assert_eq!(answer.is_ok(), asked == seen);
            assert!(!answer.unwrap_or(false));
            assert_eq!(limiter.used, seen);
        }
        assert!(limiter.memory_growing(80, 101, Some(LARGEST)).is_err());
    }

    #[test]
    fn a_growth_that_fails_changes_nothing_whatever_was_refused_before() {
        let mut limiter = MemoryLimiter {
            allowed: 100,
            ..MemoryLimiter::default()
        };
        assert!(limiter.memory_growing(0, 10, None).unwrap());
        assert!(limiter.memory_growing(10, 60, None).unwrap());
        limiter.memory_grow_failed();
        assert_eq!(limiter.used, 10);
        assert!(limiter.memory_growing(10, 50, None).unwrap());
        // Refused, by the guest's own maximum and by the limit; then the engine reports a failure.
        for (desired, maximum) in [(70, Some(60)), (101, None)] {
            assert!(!matches!(
                limiter.memory_growing(50, desired, maximum),
                Ok(true)
            ));
            limiter.memory_grow_failed();
            assert_eq!(limiter.used, 50);
        }
    }
}
