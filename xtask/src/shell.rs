//! Paths, and other programs.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where guests are built.
pub(crate) fn guests() -> PathBuf {
    root().join("target/guest")
}

/// Cargo, in the workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // Set by cargo for this process about this package; another cargo would take them for its own.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
        {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Has cargo build this program again, with what `changes` adds, and start it with the same arguments. Does not come back from that.
pub(crate) fn start_again(changes: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut cargo = cargo();
    // From where the user stands: the paths they gave are relative to it.
    cargo
        .current_dir(std::env::current_dir()?)
        .arg("run")
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .args(["--package", "xtask"]);
    let again = changes(&mut cargo)
        .arg("--")
        .args(std::env::args_os().skip(1));
    let status = again.status().context("can't start cargo")?;
    std::process::exit(status.code().unwrap_or(1))
}

/// Makes sure that this program can compile for `targets`. Does not come back where it must be built again for that.
pub(crate) fn can_compile_for(targets: &[String]) -> Result<()> {
    let is_other = |target: &String| !target.starts_with(std::env::consts::ARCH);
    match targets.iter().find(|target| is_other(target)) {
        Some(target) if !cfg!(feature = "cross") => {
            eprintln!("building with compilers for other processors, which {target} needs ...");
            start_again(|cargo| cargo.args(["--features", "cross"]))
        }
        _ => Ok(()),
    }
}

/// Runs a command whose output the user sees.
pub(crate) fn show(command: &mut Command) -> Result<()> {
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
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let line = words(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start `{line}`"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!(
            "`{line}` failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&said).trim_end()
        );
    }
    Ok(())
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Does one long step, shown on stderr while it lasts.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    if std::io::stderr().is_terminal() {
        bar.set_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?);
        bar.enable_steady_tick(Duration::from_millis(100));
    } else {
        eprintln!("{what} ...");
    }
    let result = work();
    bar.finish_and_clear();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    eprintln!(
        "{what}: {outcome} in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    result
}
