//! A program outside the workspace that depends on packages alone, as a stranger's does.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::packages::Package;
use crate::shell;

/// Builds the program from unpacked packages by cargo's own settings, and runs it twice: the guest
/// is in its cache the second time.
pub(super) fn run(packages: &[Package]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let mut manifest = include_str!("program/manifest.toml").to_owned();
    for Package { name, file, .. } in packages {
        let unpacked = file.file_stem().unwrap_or_default().to_string_lossy();
        manifest += &format!("{name} = {{ path = \"packages/{unpacked}\" }}\n");
        unpack(file, &at("packages"))?;
    }
    fs::create_dir(at("src"))?;
    fs::write(at("src/main.rs"), include_str!("program/main.rs"))?;
    fs::write(at("Cargo.toml"), manifest)?;
    // The versions that are tested here, which are also downloaded.
    fs::copy(shell::root().join("Cargo.lock"), at("Cargo.lock"))?;
    let made = shell::root().join("target/dist-check");
    let mut cargo = shell::cargo();
    cargo
        .current_dir(folder.path())
        .arg("build")
        .arg("--offline");
    shell::show(cargo.env("CARGO_TARGET_DIR", &made))?;
    for _ in 0..2 {
        let mut program = Command::new(
            made.join("debug/program")
                .with_extension(std::env::consts::EXE_EXTENSION),
        );
        shell::show(program.current_dir(folder.path()).arg(at("cache")))?;
    }
    Ok(())
}

fn unpack(package: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut tar = Command::new("tar");
    // With today's times: in packages files of all versions have the same, by which cargo would
    // take what it built of others for theirs.
    shell::quiet(tar.arg("-xzmf").arg(package).arg("-C").arg(folder))
}
