//! Everything that can go wrong, as one type.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::limits::{HANDLES, Limit, LimitExceeded};
use crate::shape::Mismatch;
use crate::snapshot::SnapshotError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What part of a run an error belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Building an instance of the component.
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

/// An error of the host. None of them harms the process, and after each of them other calls go on.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function) {
/// use wit_wire_host::{Error, Limit};
///
/// match total.call::<_, f64>(&[19.9, 5.0]).await {
///     Ok(sum) => println!("{sum}"),
///     // The function's own words.
///     Err(Error::Handler { message, .. }) => println!("it failed: {message}"),
///     Err(Error::Limit { exceeded, .. }) if exceeded.limit == Limit::Queue => println!("busy: try again"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine lacks a setting without which guests could not be stopped.
    #[error("the engine can't be used: {0}")]
    Engine(&'static str),
    /// The component does not speak the protocol.
    #[error("not a wit-wire component: {0}")]
    Mismatch(#[from] Mismatch),
    /// The component imports what no host offers: something of its own, or a part of WASI beyond the sandbox.
    #[error("the component imports {}: a host offers {OFFERED}", some_of(imports))]
    Imports {
        /// The imports, by name.
        imports: Vec<String>,
    },
    /// The component can't be linked for another reason, such as an import of another type than its name promises.
    #[error("the component can't be linked")]
    Link(#[source] Source),

    /// The host was told to reset instances ([`CleanState::Reset`](crate::CleanState::Reset)), and can't.
    #[error("instances of the component can't be reset: {reason}")]
    NoReset {
        /// Why not.
        reason: String,
    },

    /// A program can't be kept as bytes, or bytes are no program of the component.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),

    /// Two ops of one program have the same name.
    #[error("op `{0}` is given twice: names must be unique within a program")]
    DuplicateOp(String),
    /// Two closures answer the same hostcall.
    #[error("hostcall `{0}` is registered twice: names must be unique within a host")]
    DuplicateHostcall(String),
    /// Names beginning `wit-wire:` are the host's own.
    #[error("op `{0}` can't be registered: names that begin with `wit-wire:` are reserved")]
    ReservedOp(String),
    /// The program has no op of this name.
    #[error("no op `{op}`: the program has {known:?}")]
    UnknownOp {
        /// The name asked for.
        op: String,
        /// The names there are.
        known: Vec<String>,
    },

    /// The guest speaks another version.
    #[error("init: the guest speaks version `{guest}`, asked for was `{asked}`")]
    VersionMismatch {
        /// The guest's version.
        guest: String,
        /// The version the host asked for.
        asked: String,
    },
    /// The guest does not know this op, or can't use its data.
    #[error("init: the guest refuses op `{op}`: it does not know it or can't use its data")]
    UnexpectedOp {
        /// The op's name.
        op: String,
    },
    /// The guest failed to initialise for a reason of its own, or panicked and said so.
    #[error("init: {message}")]
    Init {
        /// The guest's words.
        message: String,
    },
    /// `init` was called on an instance that has been initialised, or was tried to be.
    #[error("init comes once: this instance was initialised before")]
    AlreadyInitialised,

    /// The guest says that no op of this name was initialised.
    #[error("op `{op}`: the guest has no handler for it")]
    NoHandler {
        /// The op's name.
        op: String,
    },
    /// The guest can't tell what a call spends its time on ([`Call::profiled`](crate::Call::profiled)).
    #[error(
        "op `{op}`: this guest can't profile calls; of those that come with wit-wire, the one for Python can"
    )]
    NoProfile {
        /// The op's name.
        op: String,
    },
    /// The guest could not read the input as JSON.
    #[error("op `{op}`: the input is not usable JSON: {message}")]
    InvalidInput {
        /// The op's name.
        op: String,
        /// The guest's words.
        message: String,
    },
    /// The function itself failed, or panicked and said so; a panic ends the instance.
    #[error("op `{op}` failed: {message}")]
    Handler {
        /// The op's name.
        op: String,
        /// The guest's words.
        message: String,
    },
    /// The caller's input has no JSON form.
    #[error("op `{op}`: the input has no JSON form")]
    Encode {
        /// The op's name.
        op: String,
        /// What serde said.
        #[source]
        source: serde_json::Error,
    },
    /// The output does not fit the type that the caller asked for.
    #[error("op `{op}`: the output does not fit the type asked for")]
    Decode {
        /// The op's name.
        op: String,
        /// What serde said.
        #[source]
        source: serde_json::Error,
    },

    /// A limit was reached.
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
        /// The kind of trap, in a sentence.
        reason: String,
        /// The guest's own frames where it has names for them, one on a line; else empty.
        frames: String,
    },
    /// A run could not go on for another reason: the machine has no room for an instance, or the guest handed over bytes that
    /// are no text.
    #[error("{phase}{}: the run could not go on", in_op(op))]
    Failed {
        /// The op, in the phase `handle`.
        op: Option<String>,
        /// When.
        phase: Phase,
        /// The reason.
        #[source]
        source: Source,
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
    /// The instance ended in an earlier run (a trap, an exit, a limit or a cancelled call) and can't be used again.
    #[error("the instance ended in an earlier run: build another")]
    InstanceEnded,

    /// The host was shut down ([`Host::shut_down`](crate::Host::shut_down)).
    #[error("the host was shut down and takes no more calls")]
    ShutDown,

    /// A blocking call from a thread that drives async tasks would stall all of them.
    #[error(
        "blocking call inside an async runtime: await the call instead, or move it to a blocking thread"
    )]
    BlockingInAsync,
    /// An async call outside a tokio runtime. (One that was built without its timer panics in tokio itself.)
    #[error("no tokio runtime here: await the call inside one, or use the blocking form")]
    NoRuntime,
}

const OFFERED: &str = "the interface `metatype:wit-wire/typegate-wire` and the packages cli, clocks, filesystem, io, random and \
                       sockets of WASI 0.2";

/// The first names, cut where they are too long to show: they are the component's author's.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN);
    let shown = shown.map(|name| name.chars().take(100).collect::<String>());
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn in_op(op: &Option<String>) -> String {
    op.as_ref()
        .map_or_else(String::new, |op| format!(" of op `{op}`"))
}

impl Error {
    pub(crate) fn no_reset(why: &str) -> Self {
        Self::NoReset {
            reason: why.to_owned(),
        }
    }

    /// Sorts what Wasmtime reports for a run that did not come back, after the guest may have told of a panic.
    pub(crate) fn from_run(
        error: wasmtime::Error,
        phase: Phase,
        op: Option<&str>,
        told: Option<String>,
    ) -> Self {
        let op = op.map(str::to_owned);
        if let Some(&exceeded) = error.downcast_ref::<LimitExceeded>() {
            Self::Limit {
                op,
                phase,
                exceeded,
            }
        } else if let Some(ResourceTableError::Full) = error.downcast_ref() {
            let exceeded = LimitExceeded::size(Limit::Handles, HANDLES, HANDLES + 1);
            Self::Limit {
                op,
                phase,
                exceeded,
            }
        } else if let Some(&I32Exit(code)) = error.downcast_ref::<I32Exit>() {
            Self::Exit { op, phase, code }
        } else if let Some(&trap) = error.downcast_ref::<Trap>() {
            // How a panic ends, where it can't be caught. Other traps have reasons of their own.
            let told = told.filter(|_| trap == Trap::UnreachableCodeReached);
            match (told, phase, op) {
                (Some(message), Phase::Init, _) => Self::Init { message },
                (Some(message), Phase::Handle, Some(op)) => Self::Handler { op, message },
                (_, phase, op) => Self::Trap {
                    op,
                    phase,
                    reason: reason(trap),
                    frames: frames(&error),
                },
            }
        } else {
            Self::Failed {
                op,
                phase,
                source: error.into_boxed_dyn_error(),
            }
        }
    }
}

/// The kind of trap, and what the two that users meet mean to them.
fn reason(trap: Trap) -> String {
    match trap {
        Trap::StackOverflow => {
            format!("{trap} (by recursion, or by values that are nested too deep)")
        }
        Trap::UnreachableCodeReached => {
            format!("{trap} (it aborted; its stderr may say why)")
        }
        _ => trap.to_string(),
    }
}

/// The guest's frames, one on a line.
fn frames(error: &wasmtime::Error) -> String {
    let text = error
        .downcast_ref::<WasmBacktrace>()
        .map_or_else(String::new, ToString::to_string);
    // Less Wasmtime's heading.
    text.split_once('\n')
        .map_or("", |(_, frames)| frames)
        .to_owned()
}
