//! What ended a run, sorted into errors.

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use super::{CallError, Phase, Source};
use crate::metering::{Interrupt, Limit, LimitExceeded, Limits};
use crate::sandbox::OPEN_HANDLES;

impl CallError {
    pub(crate) fn no_reset(why: &str) -> Self {
        Self::NoReset {
            reason: why.to_owned(),
        }
    }

    pub(crate) fn limit(exceeded: LimitExceeded, phase: Phase, op: Option<&str>) -> Self {
        Self::Limit {
            op: op.map(str::to_owned),
            phase,
            exceeded,
        }
    }

    pub(crate) fn interrupted(interrupt: Interrupt, phase: Phase, op: Option<&str>) -> Self {
        match interrupt {
            Interrupt::Limit(exceeded) => Self::limit(exceeded, phase, op),
            Interrupt::NoRuntime => Self::NoRuntime,
        }
    }

    pub(crate) fn failed(source: impl Into<Source>, phase: Phase) -> Self {
        Self::Failed {
            op: None,
            phase,
            source: source.into(),
        }
    }

    /// Whether the system was short of something, so that the same run may end otherwise next time.
    pub(crate) fn is_of_the_system(&self) -> bool {
        let Self::Failed { source, .. } = self else {
            return false;
        };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
        while let Some(error) = cause {
            if error.is::<std::io::Error>() || is_errno(error) {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// Sorts what Wasmtime reports for a run that did not come back. `panic` is what the guest
    /// reported of its panic before.
    pub(crate) fn from_run(
        error: wasmtime::Error,
        phase: Phase,
        op: Option<&str>,
        panic: Option<String>,
        limits: &Limits,
    ) -> Self {
        if let Some(&exceeded) = error.downcast_ref::<LimitExceeded>() {
            return Self::limit(exceeded, phase, op);
        }
        if is_too_much_at_once(&error) {
            // It has the guest's frames if the guest called, and none if it returned.
            let (limit, allowed) = match (error.downcast_ref::<WasmBacktrace>(), phase) {
                (Some(_), _) => (Limit::HostcallPayload, limits.hostcall_payload),
                (None, Phase::Handle) => (Limit::Output, limits.output),
                (None, _) => (Limit::Error, limits.error),
            };
            let exceeded = LimitExceeded::new(limit, allowed as u64, None);
            return Self::limit(exceeded, phase, op);
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            let exceeded = LimitExceeded::size(Limit::Handles, OPEN_HANDLES, OPEN_HANDLES + 1);
            return Self::limit(exceeded, phase, op);
        }
        let op = op.map(str::to_owned);
        if let Some(&I32Exit(code)) = error.downcast_ref::<I32Exit>() {
            Self::Exit { op, phase, code }
        } else if let Some(&trap) = error.downcast_ref::<Trap>() {
            // This is how a panic ends where it can't be caught. Other traps have reasons of their
            // own.
            let panic = panic.filter(|_| trap == Trap::UnreachableCodeReached);
            match (panic, phase, op) {
                (Some(message), Phase::Init, _) => Self::Init { message },
                (Some(message), Phase::Handle, Some(op)) => Self::Panicked { op, message },
                (_, phase, op) => Self::Trap {
                    op,
                    phase,
                    reason: reason(trap),
                    frames: frames(&error, limits.error),
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

#[cfg(unix)]
fn is_errno(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<rustix::io::Errno>()
}

#[cfg(not(unix))]
fn is_errno(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

/// Whether a guest handed over more at once than a transfer may copy. Wasmtime's type for that is
/// private.
fn is_too_much_at_once(error: &wasmtime::Error) -> bool {
    let message = error.root_cause().to_string();
    message.contains("fuel allocated for hostcalls has been exhausted")
}

/// The kind of trap, with an explanation of the two that users meet.
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

/// The guest's frames, one per line, as many as `most` bytes hold: a guest chooses their names.
fn frames(error: &wasmtime::Error, most: usize) -> String {
    let text = error
        .downcast_ref::<WasmBacktrace>()
        .map_or_else(String::new, ToString::to_string);
    // Without Wasmtime's heading.
    let frames = text.split_once('\n').map_or("", |(_, frames)| frames);
    let end = frames.floor_char_boundary(most);
    frames.split_at(end).0.to_owned()
}
