//! Wasmtime's view of the limit on memory, and the limits that hold for all calls.

use wasmtime::ResourceLimiter;

use crate::metering::{Limit, LimitExceeded};

/// A table's entries are pointers on the host: 8 MiB at most.
const TABLE_ENTRIES: usize = 1 << 20;

/// Each takes host memory, which no limit on the guest's own memory counts, and all of them can be
/// waited for at once.
pub(crate) const OPEN_HANDLES: usize = 10_000;

/// The random bytes that a guest may ask for at once: they are generated without a look at the
/// clock.
pub(super) const RANDOM_BYTES: u64 = 1 << 20;

/// Counts an instance's linear memory and refuses growth beyond the limit.
///
/// A refusal ends the run with a typed error instead of letting `memory.grow` fail: what an
/// interpreter does when its allocator fails half-way differs between languages and versions.
#[derive(Default)]
pub(crate) struct MemoryLimiter {
    pub(crate) allowed: usize,
    pub(crate) used: usize,
    /// `used` before the latest growth, which may still fail.
    before: usize,
    table_entries: usize,
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // More than the guest itself declared, which it expects to fail.
            return Ok(false);
        }
        let used = self.used.saturating_sub(current).saturating_add(desired);
        LimitExceeded::check(Limit::Memory, self.allowed, used)?;
        self.before = std::mem::replace(&mut self.used, used);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.used = self.before;
        Ok(())
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
        self.table_entries = entries;
        Ok(true)
    }

    // Each memory reserves gigabytes of address space, whatever its size. The CPython guest has 1
    // memory, 2 tables and 14 core modules.

    fn memories(&self) -> usize {
        8
    }

    fn tables(&self) -> usize {
        64
    }

    fn instances(&self) -> usize {
        256
    }
}
