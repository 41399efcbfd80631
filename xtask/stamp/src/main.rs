//! Takes an archive of the Python guest that was built elsewhere: `take-guest ARCHIVE`. `cargo
//! xtask` starts it where `WIT_WIRE_GUEST` names one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use guest_stamp::{Lock, take};

fn main() -> ExitCode {
    xtask_shell::exit_code(take_named())
}

fn take_named() -> Result<()> {
    let archive = std::env::args_os().nth(1).context("no archive is named")?;
    take(Path::new(&archive), &Lock::path(), &xtask_shell::guests()).with_context(|| {
        format!(
            "{} can't be taken for the Python guest (without WIT_WIRE_GUEST it is built here)",
            Path::new(&archive).display()
        )
    })
}
