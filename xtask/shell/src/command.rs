//! Other programs, and what the user sees of them.

use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Runs a command whose output the user sees.
///
/// # Errors
///
/// If it can't be started or fails.
pub fn show(command: &mut Command) -> Result<()> {
    let line = words(command);
    eprintln!("\n$ {line}");
    let status = command
        .status()
        .with_context(|| format!("can't start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command whose output matters only when it fails.
///
/// # Errors
///
/// If it can't be started or fails: then with its output.
pub fn quiet(command: &mut Command) -> Result<()> {
    let line = words(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start `{line}`"))?;
    if !output.status.success() {
        let printed = [output.stdout, output.stderr].concat();
        bail!(
            "`{line}` failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&printed).trim_end()
        );
    }
    Ok(())
}

pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Does one long step, and prints its name before and its time after it.
///
/// # Errors
///
/// If the step fails.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let is_terminal = std::io::stderr().is_terminal();
    eprint!("{name} ...");
    if !is_terminal {
        eprintln!();
    }
    std::io::stderr().flush()?;
    let result = work();
    if is_terminal {
        // Over the line that says what is going on.
        eprint!("\r");
    }
    let outcome = if result.is_ok() { "done" } else { "failed" };
    eprintln!(
        "{name}: {outcome} in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    result
}
