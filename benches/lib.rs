//! Benches of the workspace. `cargo xtask bench` builds what they need, runs them and shows what
//! they measured.
//!
//! Each bench is a process of its own, so that no one measures what another left behind: `start`
//! (processes and loading), `instance` (what an instance's life consists of), `call` (functions and
//! calls), `state` (parked
//! calls, durable calls, sessions), `compute` (programs that compute, in the sandbox and without
//! it), `wire` (the protocol against a bare component call), `native` (CPython without a sandbox),
//! `load` (throughput, latency under load), `memory`.
//!
//! In reading order: `figures` (what was measured), `ladder` (what criterion times), `process`
//! (what the process takes), `python` (the function that is called), `system` (the system's CPython).

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod figures;
mod ladder;
mod process;
mod python;
mod system;

pub use figures::{Times, is_quick, rates, repeat, seconds, timed, value};
pub use ladder::Ladder;
pub use process::{cpu_time, resident};
pub use python::{ADD, Quiet, add, runtime, sum};
pub use system::{python_process, system_python};
