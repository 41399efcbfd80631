//! Which limit was exceeded, and by how much.

use std::fmt;
use std::time::Duration;

/// A limit that a call can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::wall_time`](crate::Limits::wall_time), in milliseconds.
    WallTime,
    /// The deadline that the caller set, in milliseconds from the start of the call.
    Deadline,
    /// [`Limits::cpu_time`](crate::Limits::cpu_time), in milliseconds.
    CpuTime,
    /// [`Limits::memory`](crate::Limits::memory), in bytes.
    Memory,
    /// Entries of the instance's tables.
    Tables,
    /// Handles that the instance has open: streams, pollables, timers and the like.
    Handles,
    /// [`Limits::input`](crate::Limits::input), in bytes.
    Input,
    /// [`Limits::output`](crate::Limits::output), in bytes.
    Output,
    /// [`Limits::error`](crate::Limits::error), in bytes.
    Error,
    /// [`Limits::hostcalls`](crate::Limits::hostcalls), a count.
    Hostcalls,
    /// [`Limits::hostcall_payload`](crate::Limits::hostcall_payload), in bytes.
    HostcallPayload,
    /// [`Limits::hostcall_answer`](crate::Limits::hostcall_answer), in bytes.
    HostcallAnswer,
    /// [`Limits::json_nodes`](crate::Limits::json_nodes), a count.
    JsonNodes,
    /// [`Limits::state`](crate::Limits::state), in bytes.
    State,
    /// [`Limits::parked_time`](crate::Limits::parked_time), in milliseconds.
    ParkedTime,
    /// Calls that are parked at once
    /// ([`PoolConfig::parked_calls`](crate::PoolConfig::parked_calls), or
    /// [`ProgramBuilder::parked_calls`](crate::ProgramBuilder::parked_calls)), a count.
    ParkedCalls,
    /// What they take together ([`PoolConfig::parked_bytes`](crate::PoolConfig::parked_bytes), or
    /// [`ProgramBuilder::parked_bytes`](crate::ProgramBuilder::parked_bytes)), in bytes.
    ParkedBytes,
    /// Instances at work at once ([`PoolConfig::instances`](crate::PoolConfig::instances)), a
    /// count: none became free before the call's deadline.
    Instances,
    /// Calls that compute at once ([`PoolConfig::computing`](crate::PoolConfig::computing)), a
    /// count: none ended or waited before the call's deadline.
    Computing,
    /// Concurrent calls of one program
    /// ([`ProgramBuilder::concurrency`](crate::ProgramBuilder::concurrency)), a count: none ended
    /// before the call's deadline.
    Concurrency,
    /// [`Limits::wait`](crate::Limits::wait), in milliseconds.
    Wait,
    /// Calls waiting at once ([`PoolConfig::queue`](crate::PoolConfig::queue)), a count.
    Queue,
    /// [`Limits::nesting`](crate::Limits::nesting), a count.
    Nesting,
}

impl Limit {
    /// The label of the error that this limit causes ([`CallError::kind`](crate::CallError::kind)):
    /// `limit_` and the name of the field or setting.
    pub fn kind(self) -> &'static str {
        match self {
            Self::WallTime => "limit_wall_time",
            Self::Deadline => "limit_deadline",
            Self::CpuTime => "limit_cpu_time",
            Self::Memory => "limit_memory",
            Self::Tables => "limit_tables",
            Self::Handles => "limit_handles",
            Self::Input => "limit_input",
            Self::Output => "limit_output",
            Self::Error => "limit_error",
            Self::Hostcalls => "limit_hostcalls",
            Self::HostcallPayload => "limit_hostcall_payload",
            Self::HostcallAnswer => "limit_hostcall_answer",
            Self::JsonNodes => "limit_json_nodes",
            Self::State => "limit_state",
            Self::ParkedTime => "limit_parked_time",
            Self::ParkedCalls => "limit_parked_calls",
            Self::ParkedBytes => "limit_parked_bytes",
            Self::Instances => "limit_instances",
            Self::Computing => "limit_computing",
            Self::Concurrency => "limit_concurrency",
            Self::Wait => "limit_wait",
            Self::Queue => "limit_queue",
            Self::Nesting => "limit_nesting",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::WallTime => "wall time",
            Self::Deadline => "deadline",
            Self::CpuTime => "CPU time",
            Self::Memory => "memory",
            Self::Tables => "table entry",
            Self::Handles => "open handle",
            Self::Input => "input",
            Self::Output => "output",
            Self::Error => "error text",
            Self::Hostcalls => "hostcall",
            Self::HostcallPayload => "hostcall payload",
            Self::HostcallAnswer => "hostcall answer",
            Self::JsonNodes => "JSON node",
            Self::State => "state",
            Self::ParkedTime => "parked time",
            Self::ParkedCalls => "parked call",
            Self::ParkedBytes => "parked state",
            Self::Instances => "instance",
            Self::Computing => "computing",
            Self::Concurrency => "concurrency",
            Self::Wait => "wait",
            Self::Queue => "queue",
            Self::Nesting => "nesting",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::WallTime | Self::Deadline | Self::CpuTime | Self::ParkedTime | Self::Wait => {
                " ms"
            }
            Self::Memory
            | Self::Input
            | Self::Output
            | Self::Error
            | Self::HostcallPayload
            | Self::HostcallAnswer
            | Self::State
            | Self::ParkedBytes => " bytes",
            Self::JsonNodes => " values and keys",
            Self::Tables => " entries",
            Self::Handles => " handles",
            Self::Hostcalls => " hostcalls",
            Self::ParkedCalls => " parked calls",
            Self::Instances => " instances",
            Self::Computing => " computing calls",
            Self::Concurrency => " concurrent calls",
            Self::Queue => " waiting calls",
            Self::Nesting => " nested calls",
        }
    }
}

/// A limit was exceeded: which one, its value, and what was requested where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: Limit,
    /// Its value, in the limit's unit.
    pub allowed: u64,
    /// What was requested, in the limit's unit.
    pub requested: Option<u64>,
}

impl LimitExceeded {
    pub(crate) fn new(limit: Limit, allowed: u64, requested: Option<u64>) -> Self {
        Self {
            limit,
            allowed,
            requested,
        }
    }

    pub(crate) fn size(limit: Limit, allowed: usize, requested: usize) -> Self {
        Self::new(limit, allowed as u64, Some(requested as u64))
    }

    pub(crate) fn time(limit: Limit, allowed: Duration) -> Self {
        let millis = u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX);
        Self::new(limit, millis, None)
    }

    /// Refuses `requested` bytes if they are more than `allowed`.
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
        let (name, unit) = (limit.name(), limit.unit());
        match (limit, requested) {
            (Limit::Wait, _) => {
                write!(f, "timed out after {allowed}{unit} waiting for an instance")
            }
            (Limit::Deadline, _) => write!(f, "deadline exceeded after {allowed}{unit}"),
            (Limit::Instances | Limit::Computing | Limit::Concurrency, _) => {
                write!(
                    f,
                    "deadline exceeded while waiting: limit of {allowed}{unit}"
                )
            }
            (_, Some(requested)) => {
                write!(
                    f,
                    "{name} limit exceeded: {requested}{unit}, limit {allowed}"
                )
            }
            (_, None) => write!(f, "{name} limit of {allowed}{unit} exceeded"),
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// Why a run was stopped from outside the guest.
pub(crate) enum Interrupt {
    Limit(LimitExceeded),
    NoRuntime,
}
