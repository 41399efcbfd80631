//! What can go wrong, as users see it: while building a host, while registering a program, in a
//! call.
//!
//! Each of the three has a type with a `kind()`, a stable label for metrics and for programs;
//! messages are for people and may change. What Wasmtime and the meter report is classified here,
//! and nowhere else.

mod build;
mod call;
mod classify;
mod program;

pub use build::BuildError;
pub use call::{CallError, Phase};
pub use program::ProgramError;

type Source = Box<dyn std::error::Error + Send + Sync>;
