//! Packages of all crates that are published, as cargo makes them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use guest_stamp::python::archive_for;
use guest_stamp::replace;

use crate::shell::{self, cargo};

/// As small as zstd makes it in a quarter of a minute.
const LEVEL: i32 = 19;

/// A crate, and its package, as cargo left it.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

/// Puts the guest into the packages that carry it, makes all packages, and copies to `dist` those
/// that are complete: a crate with prebuilt code for a target that is not wanted has none.
pub(super) fn make(targets: &[String], dist: &Path) -> Result<Vec<Package>> {
    let python = shell::root().join("python-runtime");
    component(&python.join("guest"))?;
    let mut missing = Vec::new();
    for target in super::TARGETS {
        let archive = archive_for(&shell::guests(), target);
        let name = archive.file_stem().unwrap_or_default().to_string_lossy();
        let platform = name.trim_start_matches("python-");
        let inside = python.join("prebuilt").join(platform).join("python.aot");
        if targets.iter().any(|made| made == target) {
            copy(&archive, &inside)?;
        } else {
            missing.push(format!("python-runtime-{platform}"));
        }
    }
    let crates = published()?;
    let mut package = cargo();
    // What is added above is no part of the sources, which cargo takes for a change that was not
    // committed.
    package.args("package --no-verify --allow-dirty --quiet".split(' '));
    for Crate { name, .. } in &crates {
        package.args(["--package", name]);
    }
    shell::step("packaging all crates", || shell::quiet(&mut package))?;
    let mut packages = Vec::new();
    for Crate { name, version, .. } in crates {
        let crate_file = format!("{name}-{version}.crate");
        let file = shell::root().join("target/package").join(&crate_file);
        if !missing.contains(&name) {
            fs::copy(&file, dist.join(crate_file))
                .with_context(|| format!("copying {}", file.display()))?;
        }
        packages.push(Package { name, file });
    }
    Ok(packages)
}

/// What cargo says of the workspace.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    /// The registries that it may be published in; none where that is any.
    publish: Option<Vec<String>>,
}

/// The workspace's crates that may be published.
fn published() -> Result<Vec<Crate>> {
    let output = cargo()
        .args("metadata --no-deps --format-version 1".split(' '))
        .output()
        .context("can't start cargo")?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let crates = metadata.packages.into_iter();
    Ok(crates.filter(|package| package.publish.is_none()).collect())
}

/// Compresses the guest's component into `folder`, if it is not there as it is now.
fn component(folder: &Path) -> Result<()> {
    let component = fs::read(shell::guests().join("python.wasm"))?;
    let file = folder.join("python.wasm.zst");
    if fs::read(&file).is_ok_and(|old| zstd::decode_all(&*old).is_ok_and(|old| old == component)) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let packed = shell::step("compressing the component", || {
        Ok(zstd::bulk::compress(&component, LEVEL)?)
    })?;
    replace(&file, &packed)
}

/// Copies a file that is not there as it is now: cargo goes by times.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    replace(to, &bytes)
}
