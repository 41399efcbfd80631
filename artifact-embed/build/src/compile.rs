//! Archives that a build script makes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use artifact_embed::{EngineProfile, Loader};

/// Longer than it takes to find one that was made before.
const LONG: Duration = Duration::from_secs(10);

/// Makes an archive of `component`, a binary, for the target that cargo builds for, and returns where it is, for
/// [`embed`](crate::embed).
///
/// It is made once on a machine, and kept in the user's cache folder. That takes seconds for a large component, and minutes by a compiler
/// that is not optimised itself, as cargo builds it for build scripts: `[profile.dev.build-override]` with `opt-level = 3`, in the
/// manifest of the workspace that is built, changes that.
///
/// ```no_run
/// // build.rs
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// println!("cargo::rerun-if-changed=guest.wasm");
/// let archive = artifact_embed_build::compile("guest", &std::fs::read("guest.wasm")?)?;
/// artifact_embed_build::embed("guest", archive, "")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If this is no build script, the component does not compile, or there is no compiler for the target.
pub fn compile(
    name: &str,
    component: &[u8],
) -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
    let of_cargo = |name| env::var(name).map_err(|_| format!("{name} is not set: no build script"));
    let (target, out) = (of_cargo("TARGET")?, of_cargo("OUT_DIR")?);
    let started = Instant::now();
    // Cargo shows it with -vv, or when this fails.
    eprintln!(
        "an archive of `{name}` ({} MB) for {target}: unless there is one from before, compiling it may take minutes",
        component.len() / 1_000_000
    );
    let archive = Loader::new(&EngineProfile::default())?.archive(component, &target)?;
    let took = started.elapsed();
    if took > LONG {
        println!(
            "cargo::warning=compiled `{name}` for {target} in {} s, which is kept for other builds on this machine",
            took.as_secs()
        );
    }
    let path = Path::new(&out).join(format!("{name}.aot"));
    fs::write(&path, archive)?;
    Ok(path)
}
