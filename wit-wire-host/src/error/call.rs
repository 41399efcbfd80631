//! Errors of calls.

use std::fmt;

use super::Source;
use crate::memory::SnapshotError;
use crate::metering::LimitExceeded;

/// The part of a run in which an error occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Building an instance of the component, or waiting for one.
    Instantiate,
    /// The guest's `init`.
    Init,
    /// The guest's `handle`.
    Handle,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instantiate => "instantiate",
            Self::Init => "init",
            Self::Handle => "handle",
        })
    }
}

/// Why a call failed. No such error harms the process, and other calls are not affected.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function) {
/// use wit_wire_host::{CallError, Limit};
///
/// match total.call::<_, f64>(&[19.9, 5.0]).await {
///     Ok(sum) => println!("{sum}"),
///     // The function's own message.
///     Err(CallError::Handler { message, .. }) => println!("it failed: {message}"),
///     Err(CallError::Limit { exceeded, .. }) if exceeded.limit == Limit::Queue => println!("busy: try again"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The guest reports that it has no handler for the op.
    #[error("op `{op}`: the guest has no handler for it")]
    NoHandler {
        /// The op's name.
        op: String,
    },
    /// The guest can't profile calls ([`Call::profiled`](crate::Call::profiled)).
    #[error(
        "op `{op}`: this guest can't profile calls; of the guests that come with wit-wire, only Python's can"
    )]
    NoProfile {
        /// The op's name.
        op: String,
    },
    /// The guest could not read the input as JSON.
    #[error("op `{op}`: invalid JSON input: {message}")]
    InvalidInput {
        /// The op's name.
        op: String,
        /// The guest's message.
        message: String,
    },
    /// The function itself failed.
    #[error("op `{op}` failed: {message}")]
    Handler {
        /// The op's name.
        op: String,
        /// The guest's message.
        message: String,
    },
    /// The function panicked and reported it, which ends the instance.
    #[error("op `{op}` failed: {message}")]
    Panicked {
        /// The op's name.
        op: String,
        /// The guest's message.
        message: String,
    },
    /// The caller's input has no JSON form.
    #[error("op `{op}`: the input has no JSON form")]
    Encode {
        /// The op's name.
        op: String,
        /// Serde's error.
        #[source]
        source: serde_json::Error,
    },
    /// The output does not fit the requested type.
    #[error("op `{op}`: the output does not fit the requested type")]
    Decode {
        /// The op's name.
        op: String,
        /// Serde's error.
        #[source]
        source: serde_json::Error,
    },

    /// The guest speaks another version.
    #[error("init: version mismatch: the host requires `{asked}`, the guest speaks `{guest}`")]
    VersionMismatch {
        /// The guest's version.
        guest: String,
        /// The version the host asked for.
        asked: String,
    },
    /// The guest does not know this op, or can't use its data.
    #[error("init: the guest refused op `{op}`: it does not know it or can't use its data")]
    UnexpectedOp {
        /// The op's name.
        op: String,
    },
    /// The guest failed to initialise for a reason of its own, or panicked and reported it.
    #[error("init: {message}")]
    Init {
        /// The guest's message.
        message: String,
    },
    /// `init` was already attempted on this instance.
    #[error("instance already initialised: `init` may run only once")]
    AlreadyInitialised,

    /// A limit was exceeded.
    #[error("{phase}{}: {exceeded}", in_op(op))]
    Limit {
        /// The op, in the phase `handle`.
        op: Option<String>,
        /// When.
        phase: Phase,
        /// Which limit.
        exceeded: LimitExceeded,
    },
    /// The guest crashed: an out-of-bounds access, an exhausted stack, an `unreachable`.
    #[error("{phase}{}: the guest crashed: {reason}", in_op(op))]
    Trap {
        /// The op, in the phase `handle`.
        op: Option<String>,
        /// When.
        phase: Phase,
        /// The kind of trap, as a sentence.
        reason: String,
        /// The guest's frames where it has names for them, one per line, up to
        /// [`Limits::error`](crate::Limits::error); else empty.
        frames: String,
    },
    /// The guest ended itself, as a process would.
    #[error("{phase}{}: the guest exited with status {code}", in_op(op))]
    Exit {
        /// The op, in the phase `handle`.
        op: Option<String>,
        /// When.
        phase: Phase,
        /// The exit status.
        code: i32,
    },
    /// A run could not go on for another reason: the machine has no room for an instance, or the
    /// guest returned bytes that are not UTF-8.
    #[error("{phase}{}: the run could not continue", in_op(op))]
    Failed {
        /// The op, in the phase `handle`.
        op: Option<String>,
        /// When.
        phase: Phase,
        /// The reason.
        #[source]
        source: Source,
    },
    /// The instance ended in an earlier run (a trap, an exit, a limit or a cancelled call) and
    /// can't be used again.
    #[error("the instance ended in an earlier run: build another")]
    InstanceEnded,
    /// The host was told to reset instances
    /// ([`ResetPolicy::Require`](crate::ResetPolicy::Require)), and can't.
    #[error("instances of the component can't be reset: {reason}")]
    NoReset {
        /// Why not.
        reason: String,
    },

    /// A durable call waits, or a call of a session has ended, and what it left is not all in
    /// memory that the host can copy.
    #[error("op `{op}`: its state can't be stored: {reason}")]
    NotStored {
        /// The op's name.
        op: String,
        /// Why not.
        reason: String,
    },
    /// A durable call was given an answer that it does not wait for.
    #[error("op `{op}`: it does not wait for a hostcall with the id {id}, but for {known:?}")]
    UnknownHostcall {
        /// The op's name.
        op: String,
        /// The answer's id.
        id: u64,
        /// The ids of the hostcalls that the call waits for.
        known: Vec<u64>,
    },
    /// The bytes are not a parked call of this component, here.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),

    /// The host was shut down ([`Host::shut_down`](crate::Host::shut_down)).
    #[error("the host was shut down and accepts no more calls")]
    ShutDown,
    /// The host was shut down while the call was parked, and somebody goes on with it elsewhere
    /// ([`Host::hand_over`](crate::Host::hand_over)).
    #[error("op `{op}`: the host was shut down, and the call goes on elsewhere")]
    HandedOver {
        /// The op's name.
        op: String,
    },
    /// A blocking call from a thread that drives async tasks would stall all of them.
    #[error(
        "blocking call inside an async runtime: await the call instead, or make it on a thread of your own"
    )]
    BlockingInAsync,
    /// An async call outside a tokio runtime. (One that was built without its timer panics in tokio
    /// itself.)
    #[error("no tokio runtime here: await the call inside one, or use the blocking form")]
    NoRuntime,
}

impl CallError {
    /// Every value of [`kind`](Self::kind). The most frequent should come first.
    pub(crate) const KINDS: [&str; 33] = [
        "failed",
        "panicked",
        "input",
        "output",
        "no_handler",
        "init",
        "trap",
        "exit",
        "limit_wall_time",
        "limit_deadline",
        "limit_cpu_time",
        "limit_memory",
        "limit_tables",
        "limit_handles",
        "limit_input",
        "limit_output",
        "limit_error",
        "limit_hostcalls",
        "limit_hostcall_payload",
        "limit_hostcall_answer",
        "limit_json_nodes",
        "limit_state",
        "limit_parked_time",
        "limit_parked_calls",
        "limit_parked_bytes",
        "limit_instances",
        "limit_computing",
        "limit_concurrency",
        "limit_wait",
        "limit_queue",
        "limit_nesting",
        "shut_down",
        "error",
    ];

    /// A stable label for this kind of error, which is also the label `outcome` of the metric
    /// [`CALLS`](crate::telemetry::CALLS): `failed` (the function's own error); `panicked`; `input`
    /// or `output` (JSON that does not fit); `no_handler` (also if a profile was requested that the
    /// guest can't make); `init`; `trap`; `exit`; `limit_` and a field of
    /// [`Limits`](crate::Limits), or `deadline`, `tables`, `handles`, `instances`, `computing`,
    /// `concurrency`, `queue`, `parked_calls`, `parked_bytes`; `shut_down`; `error` (the host or
    /// the machine).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Handler { .. } => "failed",
            Self::Panicked { .. } => "panicked",
            Self::InvalidInput { .. } | Self::Encode { .. } => "input",
            Self::Decode { .. } => "output",
            Self::NoHandler { .. } | Self::NoProfile { .. } => "no_handler",
            Self::Init { .. } | Self::UnexpectedOp { .. } | Self::VersionMismatch { .. } => "init",
            Self::Trap { .. } => "trap",
            Self::Exit { .. } => "exit",
            Self::Limit { exceeded, .. } => exceeded.limit.kind(),
            Self::ShutDown | Self::HandedOver { .. } => "shut_down",
            Self::AlreadyInitialised
            | Self::Failed { .. }
            | Self::InstanceEnded
            | Self::NoReset { .. }
            | Self::NotStored { .. }
            | Self::UnknownHostcall { .. }
            | Self::Snapshot(_)
            | Self::BlockingInAsync
            | Self::NoRuntime => "error",
        }
    }

    /// Whether the error is the guest's own word, its kind as well as its text: a hostile guest
    /// reports a bug of its own as a mistake of its caller if that serves it. What the host saw for
    /// itself (a trap, an exit, a limit) is not.
    pub fn is_reported_by_guest(&self) -> bool {
        matches!(
            self,
            Self::NoHandler { .. }
                | Self::NoProfile { .. }
                | Self::InvalidInput { .. }
                | Self::Handler { .. }
                | Self::Panicked { .. }
                | Self::VersionMismatch { .. }
                | Self::UnexpectedOp { .. }
                | Self::Init { .. }
        )
    }
}

fn in_op(op: &Option<String>) -> String {
    op.as_ref()
        .map_or_else(String::new, |op| format!(" of op `{op}`"))
}

#[cfg(test)]
mod tests;
