//! What the Python guest is built from.

use std::path::{Path, PathBuf};

use anyhow::Result;
use artifact_embed::{EngineConfig, WASMTIME_VERSION};

use crate::stamp::{Inputs, Stamp};

/// What its component is built from, less packages.
///
/// # Errors
///
/// If a source can't be read.
pub fn sources() -> Result<Inputs> {
    let root = xtask_shell::root();
    let sources = root.join("guest-glue/python");
    // How it is built is an input too.
    Inputs::default()
        .text(include_str!("../../guest/src/python.rs"))
        .text(include_str!("../../guest/src/native.rs"))
        .text(include_str!("../../guest/src/core_module.rs"))
        .text(include_str!("../../guest/src/sqlite.rs"))
        .text(include_str!("../../guest/src/files.rs"))
        .path(&sources.join("native"))?
        .path(&sources.join("requirements.txt"))?
        .path(&sources.join("wit_wire_guest"))?
        .path(&root.join("wit/wit-wire.wit"))
}

/// The stamp of the archive `archive` for `target` of a component with the digest `component` of
/// its inputs, compressed with the effort that `artifact_embed::Effort` calls so.
pub fn archive_stamp(archive: &Path, component: &str, target: &str, effort: &str) -> Stamp {
    Inputs::default()
        .text(component)
        .text(WASMTIME_VERSION)
        .text(&EngineConfig::default().fingerprint())
        .text(target)
        .text(artifact_embed::baseline_cpu(target).unwrap_or_default())
        .text(&format!(
            "format {} {effort}",
            artifact_embed::ARCHIVE_FORMAT
        ))
        .stamp(archive)
}

/// Where the guest's archive for a target goes, which all targets share that differ in nothing but
/// the environment.
pub fn archive_for(guests: &Path, target: &str) -> PathBuf {
    guests.join(format!("python-{}.aot", platform(target)))
}

/// The processor and system of a target, as in `x86_64-linux`.
pub fn platform(target: &str) -> String {
    let parts: Vec<_> = target.split('-').collect();
    match parts[..] {
        [arch, _, "darwin"] => format!("{arch}-macos"),
        [arch, _, os] | [arch, _, os, _] => format!("{arch}-{os}"),
        _ => target.to_owned(),
    }
}
