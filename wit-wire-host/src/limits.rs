//! What a run may use, and the error when it wants more.

use std::fmt;
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one call may use. All limits are on by default.
///
/// - `wall_time`: 30 s, waiting for an instance and for hostcalls included
/// - `cpu_time`: 10 s of the threads that ran the call
/// - `memory`: 256 MiB, all linear memories of an instance together
/// - `input`: 32 MiB of JSON
/// - `output`: 32 MiB of JSON, or of an error's text
/// - `log`: 64 KiB kept of each of stdout and stderr; more is dropped and counted, and is no error
/// - `hostcalls`: 10,000
/// - `hostcall_payload`: 32 MiB of JSON, in each direction
/// - `wait`: 10 s for an instance
/// - `nesting`: 8 calls within each other, by hostcalls that call functions
///
/// Beside them hold, for all calls: 1,048,576 table entries, 10,000 open handles, and 1 MiB of random bytes at once.
///
/// ```
/// use std::time::Duration;
/// use wit_wire_host::Limits;
///
/// let strict = Limits { cpu_time: Duration::from_millis(500), memory: 64 << 20, hostcalls: 100, ..Limits::default() };
/// assert_eq!(strict.wall_time, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time on the clock.
    pub wall_time: Duration,
    /// Time on a processor. Checked at each epoch tick, so that a run may exceed it by a few milliseconds.
    pub cpu_time: Duration,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Bytes of input.
    pub input: usize,
    /// Bytes of output, or of an error's text.
    pub output: usize,
    /// Bytes kept of each output stream.
    pub log: usize,
    /// Number of hostcalls.
    pub hostcalls: u64,
    /// Bytes of one hostcall's op name and payload, and of its answer. Of hostcalls made together, those under way count together.
    pub hostcall_payload: usize,
    /// Time on the clock until an instance is free. A call that a hostcall makes waits until its deadline.
    pub wait: Duration,
    /// How deep calls may be nested: a hostcall that calls a function makes a call at depth 1, and so on. Of the calls that one
    /// call makes so, one at a time does not wait for an instance, which its own caller might be holding. One that is made from
    /// another task than the hostcall's is a call like any other.
    pub nesting: u32,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            wall_time: Duration::from_secs(30),
            cpu_time: Duration::from_secs(10),
            memory: 256 * MIB,
            input: 32 * MIB,
            output: 32 * MIB,
            log: 64 << 10,
            hostcalls: 10_000,
            hostcall_payload: 32 * MIB,
            wait: Duration::from_secs(10),
            nesting: 8,
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::wall_time`], in milliseconds.
    WallTime,
    /// The deadline that the caller gave, in milliseconds from the beginning of the call.
    Deadline,
    /// [`Limits::cpu_time`], in milliseconds.
    CpuTime,
    /// [`Limits::memory`], in bytes.
    Memory,
    /// Entries of the instance's tables.
    Tables,
    /// Handles that the instance has open: streams, pollables, timers and the like.
    Handles,
    /// [`Limits::input`], in bytes.
    Input,
    /// [`Limits::output`], in bytes.
    Output,
    /// [`Limits::hostcalls`], a count.
    Hostcalls,
    /// [`Limits::hostcall_payload`], in bytes.
    HostcallPayload,
    /// Instances at work at once ([`PoolConfig::instances`](crate::PoolConfig::instances)), a count:
    /// none became free before the call's deadline.
    Instances,
    /// Calls of one program at once ([`ProgramBuilder::concurrency`](crate::ProgramBuilder::concurrency)), a count: none
    /// ended before the call's deadline.
    Concurrency,
    /// [`Limits::wait`], in milliseconds.
    Wait,
    /// Calls that wait at once ([`PoolConfig::queue`](crate::PoolConfig::queue)), a count.
    Queue,
    /// [`Limits::nesting`], a count.
    Nesting,
}

impl Limit {
    fn name(self) -> &'static str {
        match self {
            Self::WallTime => "wall time",
            Self::Deadline => "the caller's deadline",
            Self::CpuTime => "CPU time",
            Self::Memory => "memory",
            Self::Tables => "table entries",
            Self::Handles => "open handles",
            Self::Input => "input",
            Self::Output => "output",
            Self::Hostcalls => "hostcalls",
            Self::HostcallPayload => "hostcall payload",
            Self::Instances => "instances",
            Self::Concurrency => "calls of the program at once",
            Self::Wait => "time to wait for an instance",
            Self::Queue => "calls that wait",
            Self::Nesting => "nested calls",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::WallTime | Self::Deadline | Self::CpuTime | Self::Wait => " ms",
            Self::Memory | Self::Input | Self::Output | Self::HostcallPayload => " bytes",
            Self::Tables
            | Self::Handles
            | Self::Hostcalls
            | Self::Instances
            | Self::Concurrency
            | Self::Queue
            | Self::Nesting => "",
        }
    }
}

/// A limit was reached: which, its value, and what was asked for where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: Limit,
    /// Its value, in the limit's unit.
    pub allowed: u64,
    /// What was asked for, in the limit's unit.
    pub requested: Option<u64>,
}

impl LimitExceeded {
    pub(crate) fn size(limit: Limit, allowed: usize, requested: usize) -> Self {
        Self {
            limit,
            allowed: allowed as u64,
            requested: Some(requested as u64),
        }
    }

    pub(crate) fn time(limit: Limit, allowed: Duration) -> Self {
        Self {
            limit,
            allowed: u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX),
            requested: None,
        }
    }

    /// Refuses `requested` bytes where they are more than `allowed`.
    pub(crate) fn check(limit: Limit, allowed: usize, requested: usize) -> Result<(), Self> {
        if requested > allowed {
            Err(Self::size(limit, allowed, requested))
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            limit,
            allowed,
            requested,
        } = *self;
        write!(
            f,
            "limit of {allowed}{} on {} reached",
            limit.unit(),
            limit.name()
        )?;
        match requested {
            Some(requested) => write!(f, ": {requested}{} wanted", limit.unit()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// A table's entries are pointers on the host: 8 MiB at most.
const TABLE_ENTRIES: usize = 1 << 20;

/// Each takes memory of the host, which no limit on the guest's own memory counts, and all of them can be waited for at once.
pub(crate) const HANDLES: usize = 10_000;

/// The random bytes that a guest may ask for at once: they are made without a look at the clock.
pub(crate) const RANDOM_BYTES: u64 = 1 << 20;

/// Counts an instance's linear memory and refuses growth beyond the limit.
///
/// A refusal ends the run with a typed error instead of letting `memory.grow` fail: what an interpreter does when its
/// allocator fails half-way is its own, and differs between languages.
#[derive(Default)]
pub(crate) struct MemoryLimiter {
    pub(crate) allowed: usize,
    pub(crate) used: usize,
    /// `used` before the latest growth, which may yet fail.
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
            // Beyond what the guest itself declared: its own affair.
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

    // Each memory reserves gigabytes of address space, whatever its size. The CPython guest has 1 memory, 2 tables and 14
    // core modules.

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
