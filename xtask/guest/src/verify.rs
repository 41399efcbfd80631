//! `cargo xtask verify ARCHIVE COMPONENT`: whether an archive is what its component compiles to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use artifact_embed::{Effort, EngineConfig, Header, WASMTIME_VERSION};
use clap::Parser;

use crate::{compilers, shell};

#[derive(Parser)]
pub(crate) struct Args {
    /// The archive.
    archive: PathBuf,
    /// The component that it should be of, or that compressed by zstd (`.zst`).
    component: PathBuf,
}

pub(crate) fn verify(args: &Args) -> Result<()> {
    let archive = read(&args.archive)?;
    let mut component = read(&args.component)?;
    if args.component.extension().is_some_and(|kind| kind == "zst") {
        component = zstd::decode_all(&*component)
            .with_context(|| format!("decompressing {}", args.component.display()))?;
    }
    let (header, _) = Header::read(&archive).with_context(|| args.archive.display().to_string())?;
    if header.wasmtime_version() != WASMTIME_VERSION {
        bail!(
            "the archive was compiled by Wasmtime {}, and this is {WASMTIME_VERSION}: check it in the version of this workspace that made it",
            header.wasmtime_version()
        );
    }
    let digest = blake3::hash(&component).to_hex().to_string();
    if header.component_digest() != digest {
        bail!(
            "the archive says that it is of another component: {}, and this is {digest}",
            header.component_digest()
        );
    }
    compilers::can_compile_for(&[header.target().to_owned()])?;
    for effort in [Effort::Small, Effort::Fast] {
        let again = shell::step(&format!("making it again for {}", header.target()), || {
            let compiled =
                artifact_embed::compile(&component, &EngineConfig::default(), header.target())?;
            Ok(compiled.pack(effort)?)
        })?;
        if again == archive {
            println!("{}: the same, byte for byte", args.archive.display());
            return Ok(());
        }
    }
    bail!(
        "{} is not what {} compiles to",
        args.archive.display(),
        args.component.display()
    )
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}
