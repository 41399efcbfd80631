//! Packages for a Python guest: pip installs them in a folder, and none may have native code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use guest_stamp::Inputs;

use crate::{shell, tools};

/// Where pip unpacks them.
const SITE_PACKAGES: &str = "site-packages";

/// The folder with the packages of a requirements file, below `work`, where their wheels are as
/// well.
pub(crate) fn install(guests: &Path, requirements: &Path, work: &Path) -> Result<PathBuf> {
    let reading = || format!("reading {}", requirements.display());
    let text = fs::read_to_string(requirements).with_context(reading)?;
    let tools = tools::environment(guests, "python", &shell::root().join("guest-glue/python"))?;
    let folder = work.join(SITE_PACKAGES);
    let stamp = Inputs::default()
        .text(include_str!("packages.rs"))
        .text(&text)
        .text(&tools::version()?)
        .stamp(work);
    if stamp.is_fresh() && !names_files(&text) {
        return Ok(folder);
    }
    stamp.clear()?;
    if work.exists() {
        fs::remove_dir_all(work)?;
    }
    let wheels = work.join("wheels");
    shell::step("fetching packages", || {
        let mut pip = pip(&tools, "wheel --wheel-dir");
        pip.arg(&wheels).arg("--requirement").arg(requirements);
        // Wheels that pip has built elsewhere may be native.
        pip.arg("--cache-dir").arg(guests.join("packages-cache"));
        // Without a compiler, optional native parts are left out of what it builds here.
        pip.env("CC", "false").env("CXX", "false");
        pip.env_remove("PYYAML_FORCE_LIBYAML");
        shell::quiet(&mut pip).context("pip could not make wheels of the packages")
    })?;
    shell::step("unpacking them", || {
        let mut pip = pip(&tools, "install --no-index --no-deps --no-compile --target");
        pip.arg(&folder);
        let made = fs::read_dir(&wheels);
        for wheel in made.with_context(|| format!("{} asks for nothing", requirements.display()))? {
            pip.arg(wheel?.path());
        }
        shell::quiet(&mut pip)
    })?;
    // The packages' commands, which name this machine's Python.
    let commands = folder.join("bin");
    if commands.is_dir() {
        fs::remove_dir_all(commands)?;
    }
    let native = native(&folder)?;
    if !native.is_empty() {
        let list: Vec<_> = native
            .iter()
            .map(|(package, file)| format!("  {package} ({file})\n"))
            .collect();
        let names: Vec<_> = native.into_keys().collect();
        bail!(
            "packages with native code, which does not run in the sandbox:\n{}Some have a variant in Python alone, which pip \
             builds if {} has this line:\n  --no-binary {}",
            list.concat(),
            requirements.display(),
            names.join(",")
        );
    }
    stamp.set()?;
    Ok(folder)
}

fn pip(tools: &Path, order: &str) -> Command {
    let mut pip = tools::isolated(tools::program(tools, "python"));
    pip.args("-I -m pip --quiet --disable-pip-version-check".split(' '));
    pip.args(order.split(' ')).env("PIP_USER", "0");
    pip
}

/// Whether a requirements file names other files, so that what it asks for can change while it does
/// not.
fn names_files(requirements: &str) -> bool {
    let lines = requirements.lines().map(str::trim_start);
    let ways = [
        "-r",
        "-c",
        "-e",
        "--requirement",
        "--constraint",
        "--editable",
        "-f",
        "--find-links",
        ".",
        "/",
    ];
    let mut lines = lines.filter(|line| !line.starts_with('#'));
    lines.any(|line| {
        ways.iter().any(|way| line.starts_with(way))
            || line.contains("file:")
            || line.contains(".whl")
    })
}

/// The packages in a folder that have native code, and a file of each that is.
fn native(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((package, _)) = name
            .strip_suffix(".dist-info")
            .and_then(|name| name.split_once('-'))
        else {
            continue;
        };
        // A table with the paths of the package's files first (PyPA's "Recording installed
        // projects").
        let record =
            fs::read_to_string(path.join("RECORD")).with_context(|| format!("reading {name}"))?;
        let files = record.lines().filter_map(|line| line.split(',').next());
        let is_native = |file: &&str| {
            let kind = Path::new(file).extension().and_then(|kind| kind.to_str());
            kind.is_some_and(|kind| ["so", "pyd", "dylib", "dll"].contains(&kind))
        };
        if let Some(file) = files.into_iter().find(is_native) {
            found.insert(package.replace('_', "-"), file.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn packages_with_native_code_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (package, record) in [
            ("pure-1.0", "pure/__init__.py,sha256=x,1\npure/so.py,,\n"),
            (
                "fast_yaml-6.0.3",
                "yaml/__init__.py,,\nyaml/_yaml.cpython-311-x86_64-linux-gnu.so,sha256=x,1\n",
            ),
        ] {
            let info = folder.path().join(format!("{package}.dist-info"));
            fs::create_dir(&info).unwrap();
            fs::write(info.join("RECORD"), record).unwrap();
        }
        let found = native(folder.path()).unwrap();
        let file = "yaml/_yaml.cpython-311-x86_64-linux-gnu.so";
        assert_eq!(found, BTreeMap::from([("fast-yaml".into(), file.into())]));
    }

    #[test]
    fn requirements_that_name_files_are_told_from_those_that_say_all() {
        assert!(!names_files(
            "# -r no\n--no-binary x\nsympy==1.14.0 \\\n    --hash=sha256:0\n"
        ));
        for line in [
            "-r more.txt",
            "./package",
            "x @ file:///package",
            "--constraint=c.txt",
        ] {
            assert!(names_files(line), "{line}");
        }
    }
}
