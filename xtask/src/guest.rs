//! The Python guest: tools, then component, then archive, each built again only when what it is made from changed.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use artifact_embed::{Effort, EngineProfile, HOST_TARGET, WASMTIME_VERSION};
use clap::Parser;

use crate::shell;
use crate::stamp::Inputs;

#[derive(Parser, Default)]
pub(crate) struct Args {
    /// Compress as for a release: smaller, and slower to make.
    #[arg(long)]
    release: bool,
}

/// Whether there was anything to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Built {
    UpToDate,
    Anew,
}

/// Builds the guest's archive at `target/guest/python.aot`, where `python-runtime` finds it.
pub(crate) fn build(args: &Args) -> Result<Built> {
    let guests = shell::guests();
    fs::create_dir_all(&guests).with_context(|| format!("making {}", guests.display()))?;
    let sources = shell::root().join("guest-glue/python");
    let component = guests.join("python.wasm");
    // How it is built is an input too.
    let inputs = Inputs::default()
        .text(include_str!("guest.rs"))
        .path(&sources.join("requirements.txt"))?
        .path(&sources.join("wit_wire_guest"))?
        .path(&shell::root().join("wit/wit-wire.wit"))?;
    let made = inputs.stamp(&component);

    let archive = guests.join("python.aot");
    let profile = EngineProfile::default();
    let effort = if args.release {
        Effort::Small
    } else {
        Effort::Fast
    };
    let archived = |effort: Effort| {
        Inputs::default()
            .text(made.digest())
            .text(WASMTIME_VERSION)
            .text(&profile.fingerprint())
            .text(HOST_TARGET)
            .text(artifact_embed::cpu(HOST_TARGET).unwrap_or_default())
            .text(&format!("format {} {effort:?}", artifact_embed::FORMAT))
            .stamp(&archive)
    };
    // A small archive serves wherever a fast one does.
    let archive_is_fresh = || archived(effort).is_fresh() || archived(Effort::Small).is_fresh();
    if made.is_fresh() && archive_is_fresh() {
        return Ok(Built::UpToDate);
    }

    // Two of us at once would build into each other's folders.
    let lock = fs::File::create(guests.join(".lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another `cargo xtask` that builds the guest ...");
        lock.lock()?;
    }
    if !made.is_fresh() {
        let tools = tools(&guests, &sources)?;
        made.clear()?;
        shell::step("building the Python guest's component", || {
            componentize(&tools, &sources, &component)
        })?;
        made.set()?;
    }
    if archive_is_fresh() {
        return Ok(Built::Anew);
    }
    let wasm = fs::read(&component)?;
    let compiled = shell::step("compiling it ahead of time", || {
        Ok(artifact_embed::compile(&wasm, &profile, HOST_TARGET)?)
    })?;
    let code = compiled.code_bytes();
    let packed = shell::step("compressing it", || Ok(compiled.pack(effort)?))?;
    archived(effort).clear()?;
    replace(&archive, &packed)?;
    archived(effort).set()?;
    eprintln!(
        "Python guest: {:.1} MB component, {:.1} MB code, {:.1} MB archive",
        mega(wasm.len()),
        mega(code),
        mega(packed.len())
    );
    Ok(Built::Anew)
}

/// A private Python environment with the pinned tools, and nothing else of this machine's.
fn tools(guests: &Path, sources: &Path) -> Result<PathBuf> {
    let environment = guests.join("python-tools");
    let requirements = sources.join("requirements.txt");
    let stamp = Inputs::default().path(&requirements)?.stamp(&environment);
    if stamp.is_fresh() {
        return Ok(environment);
    }
    stamp.clear()?;
    if environment.exists() {
        fs::remove_dir_all(&environment)?;
    }
    shell::step("setting up the Python tools", || {
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
fn program(environment: &Path, name: &str) -> PathBuf {
    match cfg!(windows) {
        true => environment.join("Scripts").join(format!("{name}.exe")),
        false => environment.join("bin").join(name),
    }
}

fn componentize(tools: &Path, sources: &Path, component: &Path) -> Result<()> {
    let work = tempfile::tempdir_in(component.parent().unwrap_or(Path::new(".")))?;
    let wit = work.path().join("wit");
    fs::create_dir(&wit)?;
    // One shape of the protocol alone: the folder has both, as packages of one name.
    fs::copy(
        shell::root().join("wit/wit-wire.wit"),
        wit.join("wit-wire.wit"),
    )?;
    // A copy, into which the guest's Python may write its caches.
    let glue = work.path().join("glue/wit_wire_guest");
    fs::create_dir_all(&glue)?;
    for entry in fs::read_dir(sources.join("wit_wire_guest"))? {
        let path = entry?.path();
        if let (Some(name), true) = (
            path.file_name(),
            path.extension().is_some_and(|kind| kind == "py"),
        ) {
            fs::copy(&path, glue.join(name))?;
        }
    }
    let made = work.path().join("python.wasm");
    let mut command = isolated(program(tools, "componentize-py"));
    command.arg("--wit-path").arg(&wit).args([
        "--world",
        "wit-wire",
        "componentize",
        "wit_wire_guest.image",
    ]);
    command
        .arg("--python-path")
        .arg(work.path().join("glue"))
        .arg("--output")
        .arg(&made);
    // Packages of whatever environment is active here would become part of the image.
    command.env("VIRTUAL_ENV", tools);
    shell::quiet(&mut command)?;
    fs::rename(&made, component)?;
    Ok(())
}

/// Replaces a file whole, so that a build that was stopped leaves the old one.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
