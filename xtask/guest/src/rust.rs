//! The Rust guests: the examples of `guest-glue/rust`, by the ordinary `cargo build`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use guest_stamp::{Inputs, replace};

use crate::lock::lock;
use crate::shell;

const TARGETS: [&str; 2] = ["wasm32-wasip2", "wasm32-unknown-unknown"];

/// A target, an example, and the component that it becomes.
pub(crate) const GUESTS: [(&str, &str, &str); 4] = [
    ("wasm32-wasip2", "conformance", "rust"),
    ("wasm32-unknown-unknown", "conformance", "rust-no-wasi"),
    ("wasm32-wasip2", "shop", "rust-shop"),
    ("wasm32-wasip2", "evil", "rust-evil"),
];

pub(crate) fn build(guests: &Path) -> Result<()> {
    let _lock = lock(guests)?;
    let folder = guests.join("rust-target");
    let mut cargo = shell::cargo();
    cargo.args("build --profile wasm --package wit-wire-guest --examples".split(' '));
    cargo.args(TARGETS.iter().flat_map(|target| ["--target", target]));
    cargo.arg("--target-dir").arg(&folder);
    if let Some(tools) = own_toolchain(guests)? {
        cargo.env("RUSTC", tools.join("rustc"));
        forget_old_library(&tools, &folder)?;
    }
    shell::step("building the Rust guests", || shell::quiet(&mut cargo))?;
    for (target, example, name) in GUESTS {
        let made = folder.join(format!("{target}/wasm/examples/{example}.wasm"));
        let bytes = fs::read(&made).with_context(|| format!("reading {}", made.display()))?;
        let guest = guests.join(name).with_extension("wasm");
        // One that is the same stays the same file: hosts know it.
        if fs::read(&guest).is_ok_and(|old| old == bytes) {
            continue;
        }
        replace(&guest, &bytes)?;
    }
    Ok(())
}

/// A toolchain other than the ordinary one, where that can't build for our targets.
fn own_toolchain(guests: &Path) -> Result<Option<PathBuf>> {
    let Some(missing) = TARGETS.iter().find(|target| !has_target(target)) else {
        return Ok(None);
    };
    let own = guests.join("rust-tools");
    if own.join("rustc").is_file() {
        return Ok(Some(own));
    }
    bail!(
        "this Rust can't build for {missing}: run `rustup target add {}`; where rustup has no network, on Debian, \
         `.ci/rust-for-guests target/guest/rust-tools`",
        TARGETS.join(" ")
    );
}

/// Cargo does not see that the standard library was built again, and what it built against the old
/// one does not link.
fn forget_old_library(tools: &Path, folder: &Path) -> Result<()> {
    let mut built = Inputs::default();
    for target in TARGETS {
        let recipe = tools.join(format!("toolchain/usr/lib/rustlib/{target}/recipe"));
        let built_at = fs::metadata(&recipe).and_then(|recipe| recipe.modified());
        built = built.text(&format!("{built_at:?}"));
    }
    let stamp = built.stamp(folder);
    if !stamp.is_fresh() {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        stamp.set()?;
    }
    Ok(())
}

fn has_target(target: &str) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", target]);
    let output = rustc.current_dir(shell::root()).output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).into_owned();
        let files = fs::read_dir(folder.trim_end())
            .into_iter()
            .flatten()
            .flatten();
        let mut names = files.map(|file| file.file_name());
        output.status.success() && names.any(|name| name.as_encoded_bytes().starts_with(b"libstd-"))
    })
}
