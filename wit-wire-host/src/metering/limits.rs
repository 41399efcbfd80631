//! What one call may use.

use std::time::Duration;

/// What one call may use. All limits are on by default.
///
/// - `wall_time`: 30 s, including the time spent waiting for an instance and for hostcalls
/// - `cpu_time`: 10 s on the threads that ran the call
/// - `memory`: 256 MiB, all linear memories of an instance together
/// - `input`: 32 MiB of JSON
/// - `output`: 32 MiB of JSON, or of an error's text
/// - `log`: 64 KiB stored of each of stdout and stderr; the rest is dropped and counted, which is
///   not an error
/// - `hostcalls`: 10,000
/// - `hostcall_payload`: 32 MiB of JSON, in each direction
/// - `wait`: 10 s for an instance
/// - `nesting`: 8 calls within each other, through hostcalls that call functions
///
/// In addition, and not configurable: 1,048,576 table entries, 10,000 open handles, and 1 MiB of
/// random bytes per request.
///
/// ```
/// use std::time::Duration;
/// use wit_wire_host::Limits;
///
/// let strict = Limits::default().cpu_time(Duration::from_millis(500)).memory(64 << 20).hostcalls(100);
/// assert_eq!(strict.wall_time, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Limits {
    /// Wall time.
    pub wall_time: Duration,
    /// CPU time. Checked at each epoch tick, so a run may exceed it by a few milliseconds.
    pub cpu_time: Duration,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Bytes of input.
    pub input: usize,
    /// Bytes of output, or of an error's text.
    pub output: usize,
    /// Bytes stored of each output stream.
    pub log: usize,
    /// Number of hostcalls.
    pub hostcalls: u64,
    /// Bytes of one hostcall's op name and payload, and of its answer. Hostcalls made together
    /// count together while they are in flight.
    pub hostcall_payload: usize,
    /// Wall time until an instance is free. A call made by a hostcall waits until its deadline.
    pub wait: Duration,
    /// How deep calls may be nested: a hostcall that calls a function makes a call at depth 1, and
    /// so on. One nested call at a time bypasses the queue, because its caller may hold the only
    /// free instance. A call made from a different task than the hostcall's counts as a top-level
    /// call.
    pub nesting: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// The defaults, also for constants.
    pub const fn new() -> Self {
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

/// Each of these sets one limit; the others stay as they are.
impl Limits {
    /// Sets [`wall_time`](Self::wall_time).
    #[must_use]
    pub const fn wall_time(self, wall_time: Duration) -> Self {
        Self { wall_time, ..self }
    }

    /// Sets [`cpu_time`](Self::cpu_time).
    #[must_use]
    pub const fn cpu_time(self, cpu_time: Duration) -> Self {
        Self { cpu_time, ..self }
    }

    /// Sets [`memory`](Self::memory), in bytes.
    #[must_use]
    pub const fn memory(self, memory: usize) -> Self {
        Self { memory, ..self }
    }

    /// Sets [`input`](Self::input), in bytes.
    #[must_use]
    pub const fn input(self, input: usize) -> Self {
        Self { input, ..self }
    }

    /// Sets [`output`](Self::output), in bytes.
    #[must_use]
    pub const fn output(self, output: usize) -> Self {
        Self { output, ..self }
    }

    /// Sets [`log`](Self::log), in bytes.
    #[must_use]
    pub const fn log(self, log: usize) -> Self {
        Self { log, ..self }
    }

    /// Sets [`hostcalls`](Self::hostcalls).
    #[must_use]
    pub const fn hostcalls(self, hostcalls: u64) -> Self {
        Self { hostcalls, ..self }
    }

    /// Sets [`hostcall_payload`](Self::hostcall_payload), in bytes.
    #[must_use]
    pub const fn hostcall_payload(self, hostcall_payload: usize) -> Self {
        Self {
            hostcall_payload,
            ..self
        }
    }

    /// Sets [`wait`](Self::wait).
    #[must_use]
    pub const fn wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Sets [`nesting`](Self::nesting).
    #[must_use]
    pub const fn nesting(self, nesting: u32) -> Self {
        Self { nesting, ..self }
    }
}
