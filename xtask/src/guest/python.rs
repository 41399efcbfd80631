//! The Python guest: tools, then component, then archive, each built again only when what it is made from changed.

use std::fs;
use std::path::Path;

use anyhow::Result;
use artifact_embed::{Effort, EngineProfile, HOST_TARGET, WASMTIME_VERSION};

use super::{Built, lock, replace, tools};
use crate::shell;
use crate::stamp::Inputs;

/// Builds the guest's archive at `target/guest/python.aot`, where `python-runtime` finds it.
pub(super) fn build(guests: &Path, effort: Effort) -> Result<Built> {
    let sources = shell::root().join("guest-glue/python");
    let component = guests.join("python.wasm");
    // How it is built is an input too.
    let inputs = Inputs::default()
        .text(include_str!("python.rs"))
        .path(&sources.join("requirements.txt"))?
        .path(&sources.join("wit_wire_guest"))?
        .path(&shell::root().join("wit/wit-wire.wit"))?;
    let made = inputs.stamp(&component);

    let archive = guests.join("python.aot");
    let profile = EngineProfile::default();
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

    let _lock = lock(guests)?;
    if !made.is_fresh() {
        let tools = tools::environment(guests, "python", &sources)?;
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
    let mut command = tools::isolated(tools::program(tools, "componentize-py"));
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

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
