//! Errors of registering programs.

use super::CallError;
use crate::memory::SnapshotError;

/// Why a program could not be registered, restored or serialised, or has no such function.
///
/// Registering a program runs the guest's `init`, which can end in any of the ways that a call can:
/// that is [`ProgramError::Run`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Two ops of one program have the same name.
    #[error("op `{0}` is given twice: names must be unique within a program")]
    DuplicateOp(String),
    /// Names that begin with `wit-wire:` belong to the protocol.
    #[error("op `{0}` can't be registered: names that begin with `wit-wire:` are reserved")]
    ReservedOp(String),
    /// The program has no op of this name.
    #[error("no op `{op}`: the program has {known:?}")]
    UnknownOp {
        /// The name asked for.
        op: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The program can't be serialised, or the bytes are not a program of the component.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The guest's `init` failed, or there was no instance to run it on.
    #[error(transparent)]
    Run(#[from] CallError),
}

impl ProgramError {
    /// A stable label for this kind of error; [`CallError::kind`] where it comes from running the
    /// guest.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DuplicateOp(_) => "duplicate_op",
            Self::ReservedOp(_) => "reserved_op",
            Self::UnknownOp { .. } => "unknown_op",
            Self::Snapshot(_) => "snapshot",
            Self::Run(error) => error.kind(),
        }
    }
}
