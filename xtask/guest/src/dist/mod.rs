//! `cargo xtask dist`: what is released, in `target/dist`.

mod packages;
mod program;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use guest_stamp::Lock;
use guest_stamp::python::{archive_for, platform};
use sha2::{Digest, Sha256};

use crate::{guest, shell};

/// The targets that there are crates with prebuilt code for; those with another environment share
/// them.
const TARGETS: [&str; 6] = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
];

/// What cargo's registry takes of a package.
const LARGEST_PACKAGE: usize = 10 << 20;

#[derive(Parser)]
pub(crate) struct Args {
    /// The targets to compile the Python guest for, of those that there are crates for; may be
    /// given several times. Without it, all.
    #[arg(long = "target", value_name = "TRIPLE", value_parser = TARGETS)]
    targets: Vec<String>,
    /// Then build a program outside the workspace that has nothing but the packages, and run it
    /// (minutes: the engine is built again).
    #[arg(long)]
    check: bool,
}

pub(crate) fn dist(args: &Args) -> Result<()> {
    let targets = match args.targets.is_empty() {
        true => TARGETS.map(str::to_owned).to_vec(),
        false => args.targets.clone(),
    };
    guest::build(&guest::Args::release(targets.clone()))?;
    guest::build(&guest::Args::javascript())?;
    let dist = shell::root().join("target/dist");
    if dist.exists() {
        fs::remove_dir_all(&dist).with_context(|| format!("emptying {}", dist.display()))?;
    }
    fs::create_dir_all(&dist)?;
    let guests = shell::guests();
    let archives = targets.iter().map(|target| archive_for(&guests, target));
    for product in archives.chain(["python.wasm", "javascript.wasm"].map(|name| guests.join(name)))
    {
        fs::copy(&product, dist.join(product.file_name().unwrap_or_default()))
            .with_context(|| format!("copying {}", product.display()))?;
    }
    lock(&targets)?.write(&dist.join("guest.lock"))?;
    let packages = packages::make(&targets, &dist)?;
    tell(&dist)?;
    if args.check {
        program::run(&packages)?;
    }
    Ok(())
}

/// What checkouts of the same sources take the archives by.
fn lock(targets: &[String]) -> Result<Lock> {
    let mut lock = Lock::of_this_checkout()?;
    for target in targets {
        let archive = fs::read(archive_for(&shell::guests(), target))?;
        let digest = blake3::hash(&archive).to_hex().to_string();
        lock.archives.insert(platform(target), digest);
    }
    Ok(lock)
}

/// Writes the digests of all files in a folder, and prints their sizes.
fn tell(dist: &Path) -> Result<()> {
    let mut files = fs::read_dir(dist)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    let mut table = vec![["", "bytes", ""].map(str::to_owned)];
    let (mut digests, mut too_large) = (String::new(), Vec::new());
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = fs::read(&path)?;
        writeln!(digests, "{:x}  {name}", Sha256::digest(&bytes))?;
        let is_package = path.extension().is_some_and(|kind| kind == "crate");
        let share = match is_package {
            true => format!(
                "{} % of what the registry takes",
                bytes.len() * 100 / LARGEST_PACKAGE
            ),
            false => String::new(),
        };
        table.push([name.to_string(), bytes.len().to_string(), share]);
        if is_package && bytes.len() > LARGEST_PACKAGE {
            too_large.push(name.into_owned());
        }
    }
    fs::write(dist.join("SHA256SUMS"), digests)?;
    let widest = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(String::len).max().unwrap_or_default()
    };
    let (names, sizes) = (widest(0), widest(1));
    for [name, size, share] in &table {
        println!(
            "{}",
            format!(" {name:<names$}  {size:>sizes$}  {share}").trim_end()
        );
    }
    if !too_large.is_empty() {
        bail!(
            "larger than the {LARGEST_PACKAGE} bytes that the registry takes: {}",
            too_large.join(", ")
        );
    }
    Ok(())
}
