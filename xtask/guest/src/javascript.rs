//! The JavaScript guest: Node, then its packages, then the component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use guest_stamp::Inputs;

use crate::lock::lock;
use crate::{shell, tools};

pub(crate) fn build(guests: &Path) -> Result<()> {
    let component = guests.join("javascript.wasm");
    let made = Inputs::default()
        .text(include_str!("javascript.rs"))
        .path(&sources().join("requirements.txt"))?
        .path(&sources().join("package.json"))?
        .path(&sources().join("package-lock.json"))?
        .path(&sources().join("src"))?
        .path(&sources().join("wit"))?
        .stamp(&component);
    if made.is_fresh() {
        return Ok(());
    }
    let _lock = lock(guests)?;
    if made.is_fresh() {
        return Ok(());
    }
    packages(guests)?;
    made.clear()?;
    shell::step("building the JavaScript guest", || {
        let unfinished = component.with_extension("unfinished");
        let mut npm = node(guests, "npm")?;
        npm.args("run --silent build -- -o".split(' '))
            .arg(&unfinished);
        shell::quiet(&mut npm)?;
        fs::rename(&unfinished, &component).context("the build made no component")
    })?;
    made.set()
}

/// Tests of the glue under Node, against a faked host.
pub(crate) fn test(guests: &Path) -> Result<()> {
    let lock = lock(guests)?;
    packages(guests)?;
    drop(lock);
    let mut npm = node(guests, "npm")?;
    shell::show(npm.args(["test", "--silent"]))
}

/// The packages that the lock names, in the glue's own folder, where Node looks for them.
fn packages(guests: &Path) -> Result<()> {
    let stamp = Inputs::default()
        .path(&sources().join("package-lock.json"))?
        .stamp(&sources().join("node_modules/.package-lock.json"));
    if stamp.is_fresh() {
        return Ok(());
    }
    shell::step("installing the packages for javascript", || {
        let mut npm = node(guests, "npm")?;
        // Not `ci`: the builder's release names packages for other platforms that were never
        // published.
        npm.args("install --no-save --ignore-scripts --no-audit --no-fund".split(' '));
        shell::quiet(&mut npm)
            .context("npm could not install the packages (is its registry in reach?)")
    })?;
    stamp.set()
}

/// A program of the pinned Node, whatever else this machine has.
fn node(guests: &Path, name: &str) -> Result<Command> {
    let tools = tools::environment(guests, "javascript", &sources())?;
    let program = tools::program(&tools, name);
    let mut folders: Vec<PathBuf> = program.parent().map(Path::to_owned).into_iter().collect();
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    let mut command = tools::isolated(program);
    command.current_dir(sources());
    command.env("PATH", std::env::join_paths(folders)?);
    Ok(command)
}

fn sources() -> PathBuf {
    shell::root().join("guest-glue/javascript")
}
