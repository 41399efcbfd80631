//! Private Python environments, into which the package index brings the tools that guests are built
//! and stubs checked with.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use guest_stamp::Inputs;

use crate::shell;

/// The environment with the tools that `sources/requirements.txt` pins, and nothing else of this
/// machine's.
pub(crate) fn environment(guests: &Path, language: &str, sources: &Path) -> Result<PathBuf> {
    let environment = guests.join(format!("{language}-tools"));
    let requirements = sources.join("requirements.txt");
    // Its programs name its place, and run on the Python that it was made with.
    let stamp = Inputs::default()
        .path(&requirements)?
        .text(&environment.to_string_lossy())
        .text(&version()?)
        .stamp(&environment);
    if stamp.is_fresh() {
        return Ok(environment);
    }
    stamp.clear()?;
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    shell::step(&format!("setting up the tools for {language}"), || {
        let python = python()?;
        shell::quiet(isolated(python).args(["-I", "-m", "venv"]).arg(&environment)).context(
            "Python can't make a virtual environment: on Debian and Ubuntu, install the package python3-venv",
        )?;
        let mut pip = isolated(program(&environment, "python"));
        pip.env("PIP_USER", "0").args([
            "-I",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]);
        pip.args([
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--requirement",
        ])
        .arg(&requirements);
        shell::quiet(&mut pip)
            .context("pip could not install the tools (is the Python package index in reach?)")
    })?;
    stamp.set()?;
    Ok(environment)
}

/// Where a virtual environment has its packages.
pub(crate) fn site_packages(environment: &Path) -> Result<PathBuf> {
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = isolated(program(environment, "python"))
        .args(["-I", "-c", ask])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}

/// The machine's Python, 3.11 or later.
pub(crate) fn python() -> Result<&'static str> {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    for name in ["python3", "python"] {
        if shell::quiet(isolated(name).args(["-I", "-c", check])).is_ok() {
            return Ok(name);
        }
    }
    bail!("no Python 3.11 or later on the PATH: install Python 3 and run this again")
}

/// The version of that Python.
pub(crate) fn version() -> Result<String> {
    let output = isolated(python()?)
        .args(["-I", "-c", "import sys; print(sys.version)"])
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command without what the user's environment says of Python.
pub(crate) fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in [
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONOPTIMIZE",
    ] {
        command.env_remove(name);
    }
    command
}

/// A program of a virtual environment.
pub(crate) fn program(environment: &Path, name: &str) -> PathBuf {
    match cfg!(windows) {
        true => environment.join("Scripts").join(format!("{name}.exe")),
        false => environment.join("bin").join(name),
    }
}
