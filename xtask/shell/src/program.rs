//! Programs of the workspace, which cargo builds before they start.
//!
//! Cargo gives a dependency the features that the packages it is told to build ask for, together.
//! If it were told to build one program's package, and then another's, it would build the engine
//! once for each. So it is always told to build a program of the whole workspace, whose packages
//! all ask for the same features then. Of that it builds what the program needs.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::words;
use crate::root;

/// Names the archive of a Python guest that was built elsewhere.
const GUEST: &str = "WIT_WIRE_GUEST";

/// The packages whose features are united for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// All of the workspace, as for its tests.
    Workspace,
    /// Those that do without a compiler of guests: they run the Python guest that
    /// [`prebuilt_guest`] names.
    Prebuilt,
}

impl Selection {
    /// The packages that run the Python guest, from wherever it comes.
    const PREBUILT: [&str; 4] = ["guest-stamp", "python-cli", "python-repl", "serve"];

    /// What running the Python guest takes in this environment.
    pub fn of_python() -> Self {
        match prebuilt_guest() {
            Some(_) => Self::Prebuilt,
            None => Self::Workspace,
        }
    }

    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::Workspace => vec!["--workspace"],
            Self::Prebuilt => Self::PREBUILT
                .iter()
                .flat_map(|package| ["--package", package])
                .collect(),
        }
    }
}

/// The archive of a Python guest that was built elsewhere, where the environment names one.
pub fn prebuilt_guest() -> Option<PathBuf> {
    let path = std::env::var_os(GUEST).filter(|path| !path.is_empty())?;
    Some(path.into())
}

/// Cargo, in the workspace.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // Set by cargo for this process about its package; another cargo would take them for its own.
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

/// Has cargo build the program `name`, by the profile and in the folder of this one, and returns a
/// command that starts it where the user is.
///
/// # Errors
///
/// If cargo can't be started or does not build it.
pub fn program(name: &str, selection: Selection, features: &[&str]) -> Result<Command> {
    let this = std::env::current_exe().context("this program has no path")?;
    let folder = this.parent().context("this program is in no folder")?;
    // Cargo calls a profile's folder as it calls the profile, but for this one.
    let profile = match folder.file_name() {
        Some(name) if name != "debug" => name,
        _ => OsStr::new("dev"),
    };
    let mut cargo = cargo();
    // Relative paths in cargo's variables are relative to where the user is, too.
    cargo.current_dir(std::env::current_dir()?);
    cargo
        .arg("build")
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"));
    cargo.args(["--bin", name]).arg("--profile").arg(profile);
    cargo.args(selection.arguments());
    for feature in features {
        cargo.args(["--features", feature]);
    }
    run(&mut cargo)?;
    let path = folder.join(name);
    Ok(Command::new(
        path.with_extension(std::env::consts::EXE_EXTENSION),
    ))
}

/// Runs a command, which prints its own errors.
///
/// # Errors
///
/// If it can't be started or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status();
    let status = status.with_context(|| format!("can't start `{}`", words(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", words(command));
    }
    Ok(())
}

/// Replaces this process by `command`.
///
/// # Errors
///
/// If it can't be started. Otherwise this does not return.
pub fn become_program(mut command: Command) -> Result<()> {
    let line = words(&command);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        Err(command.exec()).with_context(|| format!("can't start `{line}`"))
    }
    #[cfg(not(unix))]
    {
        let status = command.status();
        let status = status.with_context(|| format!("can't start `{line}`"))?;
        std::process::exit(status.code().unwrap_or(1))
    }
}

/// Builds what is not up to date of guests, as `cargo xtask build-guest` with these arguments does.
///
/// # Errors
///
/// If they can't be built.
pub fn build_guests(arguments: &[&str]) -> Result<()> {
    let mut build = program("guest-build", Selection::Workspace, &[])?;
    // Its digests are left out: stdout is for what the user's own command prints.
    run(build
        .arg("build-guest")
        .args(arguments)
        .stdout(Stdio::null()))
}
