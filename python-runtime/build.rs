//! Embeds the Python guest as machine code for the target, from wherever this build has it.

#[cfg(not(feature = "precompile"))]
use std::env::var;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("cargo::rerun-if-changed=build.rs");
    let (archive, remedy) = guest()?;
    artifact_embed_build::embed("python", archive, &remedy)?;
    Ok(())
}

/// Whether this is the workspace: a package does not have the folder.
fn in_workspace() -> bool {
    Path::new("prebuilt").is_dir()
}

/// Where the archive is, or should be, and what to do if it is not there.
#[cfg(not(feature = "precompile"))]
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
    // As the crate with the archive tells it, through its key `links`.
    let name = format!("DEP_PYTHON_GUEST_{arch}_{os}_ARCHIVE").to_uppercase();
    let remedy = format!(
        "python-runtime was built for {target} without its features `prebuilt`, which has the guest for x86-64 and ARM64 of Linux, macOS and \
         Windows, and `precompile`, which compiles it: turn on one of them"
    );
    Ok((var(name).unwrap_or_else(|_| "none".into()).into(), remedy))
}

#[cfg(feature = "precompile")]
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
