//! Embeds the Python guest as machine code for the target. In the workspace it comes from
//! `target/guest`, in a published package from a crate for the target or from a component to
//! compile.

#[cfg(not(feature = "compile-guest"))]
use std::env::var;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("cargo::rerun-if-changed=build.rs");
    let (archive, remedy) = guest()?;
    artifact_embed_build::embed("python", archive, &remedy)?;
    Ok(())
}

/// Whether this is the workspace. The published package lacks the folder.
fn in_workspace() -> bool {
    Path::new("prebuilt").is_dir()
}

/// The path of the archive, and what to do if it does not exist.
#[cfg(not(feature = "compile-guest"))]
fn guest() -> Result<(PathBuf, String), Box<dyn Error + Send + Sync>> {
    let (arch, os) = (var("CARGO_CFG_TARGET_ARCH")?, var("CARGO_CFG_TARGET_OS")?);
    let (target, host) = (var("TARGET")?, var("HOST")?);
    if in_workspace() {
        let guests = Path::new("../target/guest");
        return Ok(if target == host {
            (
                guests.join("python.aot"),
                "run `cargo xtask build-guest`, then build this program again".into(),
            )
        } else {
            (
                guests.join(format!("python-{arch}-{os}.aot")),
                format!(
                    "run `cargo xtask build-guest --target {target}`, then build this program again"
                ),
            )
        });
    }
    // Set by the build script of the crate with the archive, through its key `links`.
    let name = format!("DEP_PYTHON_GUEST_{arch}_{os}_ARCHIVE").to_uppercase();
    let remedy = format!(
        "python-runtime has no guest for {target}: turn on its feature `prebuilt`, which embeds one on \
         x86-64 and ARM64 of Linux, macOS and Windows, or `compile-guest`, which compiles one"
    );
    Ok((var(name).unwrap_or_else(|_| "none".into()).into(), remedy))
}

#[cfg(feature = "compile-guest")]
fn guest() -> Result<(PathBuf, String), Box<dyn Error + Send + Sync>> {
    let path = match in_workspace() {
        true => "../target/guest/python.wasm",
        false => "guest/python.wasm.zst",
    };
    println!("cargo::rerun-if-changed={path}");
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let component = match in_workspace() {
        true => bytes,
        false => zstd::decode_all(&*bytes)?,
    };
    let archive = artifact_embed_build::compile("python", &component)?;
    Ok((archive, String::new()))
}
