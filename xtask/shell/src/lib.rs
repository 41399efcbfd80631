//! Paths of the workspace, and starting other programs: what all parts of `cargo xtask` share.
//!
//! `command` runs other programs, `program` builds and starts those of the workspace.

mod command;
mod program;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

pub use command::{quiet, show, step};
pub use program::{Selection, become_program, build_guests, cargo, prebuilt_guest, program, run};

/// The workspace's root.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where guests are built.
pub fn guests() -> PathBuf {
    root().join("target/guest")
}

/// What a program exits with, after its error on stderr.
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
