//! What one call may use.

use std::time::Duration;

/// What one call may use. All limits are on by default.
///
/// - `wall_time`: 30 s, including the time spent waiting for an instance and for hostcalls
/// - `cpu_time`: 10 s on the threads that ran the call
/// - `memory`: 256 MiB, all linear memories of an instance together
/// - `input`: 32 MiB of JSON
/// - `output`: 32 MiB of JSON
/// - `error`: 1 MiB of an error's text
/// - `log`: 64 KiB stored of each of stdout and stderr; the rest is dropped and counted, which is
///   not an error
/// - `hostcalls`: 10,000
/// - `hostcall_payload`: 1 MiB of JSON from the guest
/// - `hostcall_answer`: 32 MiB of JSON from the host
/// - `json_nodes`: 250,000 values and keys in what the host parses of the guest's JSON
/// - `state`: 64 MiB that a program keeps while nobody calls it
/// - `parked_time`: what is left of `wall_time`
/// - `wait`: 10 s for an instance
/// - `nesting`: 8 calls within each other, through hostcalls that call functions
///
/// In addition, and not configurable: 1,048,576 table entries, of which those beyond 65,536 count
/// with 16 bytes each towards `memory`, 10,000 open handles, and 1 MiB of random bytes per request.
/// What is done in the background for a component may take 1 s of CPU time each time; building
/// instances ahead of calls, apart from 10 ms for each, 1 s within 10 s. A component that changes
/// more than 16 MiB of memory before its first call is not reset.
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
    /// CPU time. Checked at each tick of a millisecond, so a run may exceed it by a few milliseconds.
    pub cpu_time: Duration,
    /// Bytes of linear memory and of tables.
    pub memory: usize,
    /// Bytes of input.
    pub input: usize,
    /// Bytes of output.
    pub output: usize,
    /// Bytes of an error's text.
    pub error: usize,
    /// Bytes stored of each output stream.
    pub log: usize,
    /// Number of hostcalls.
    pub hostcalls: u64,
    /// Bytes of one hostcall's op name and payload. Hostcalls made together count together while
    /// they are in flight.
    pub hostcall_payload: usize,
    /// Bytes of the answer to one hostcall. Answers handed over together count together.
    pub hostcall_answer: usize,
    /// Values and keys of a JSON text from the guest that the host parses: the payload of a
    /// hostcall, the output of a typed call ([`Function::call`](crate::Function::call)), a profile.
    /// Each takes up to 200 bytes as a `serde_json::Value`. Outputs that are passed on unparsed
    /// ([`Function::call_raw`](crate::Function::call_raw)) may have any number.
    pub json_nodes: usize,
    /// Bytes that a program or a session keeps while nobody calls it: what `init`, or the calls of
    /// the session, changed in memory. A call that waits and has changed more keeps its instance.
    pub state: usize,
    /// Wall time that the call may spend parked, all its waits together, which then does not count
    /// as `wall_time`. `None` if it does.
    pub parked_time: Option<Duration>,
    /// Wall time until an instance and a turn at computing are free. A call made by a hostcall
    /// waits until its deadline.
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
            error: MIB,
            log: 64 << 10,
            hostcalls: 10_000,
            hostcall_payload: MIB,
            hostcall_answer: 32 * MIB,
            json_nodes: 250_000,
            state: 64 * MIB,
            parked_time: None,
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

    /// Sets [`error`](Self::error), in bytes.
    #[must_use]
    pub const fn error(self, error: usize) -> Self {
        Self { error, ..self }
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

    /// Sets [`hostcall_answer`](Self::hostcall_answer), in bytes.
    #[must_use]
    pub const fn hostcall_answer(self, hostcall_answer: usize) -> Self {
        Self {
            hostcall_answer,
            ..self
        }
    }

    /// Sets [`json_nodes`](Self::json_nodes).
    #[must_use]
    pub const fn json_nodes(self, json_nodes: usize) -> Self {
        Self { json_nodes, ..self }
    }

    /// Sets [`state`](Self::state), in bytes.
    #[must_use]
    pub const fn state(self, state: usize) -> Self {
        Self { state, ..self }
    }

    /// Sets [`parked_time`](Self::parked_time).
    #[must_use]
    pub const fn parked_time(self, parked_time: Duration) -> Self {
        Self {
            parked_time: Some(parked_time),
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

    /// Those of work that no call pays for.
    pub(crate) fn in_background(self) -> Self {
        Self {
            cpu_time: self.cpu_time.min(Duration::from_secs(1)),
            wall_time: self.wall_time.min(Duration::from_secs(10)),
            ..self
        }
    }
}
