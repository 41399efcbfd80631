//! Archives that a build script makes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use artifact_embed::{EngineConfig, Loader};

/// Longer than it takes to find an archive in the cache.
const LONG: Duration = Duration::from_secs(10);

/// Makes an archive of `component`, a binary, for the target that cargo builds for, and returns its
/// path, for [`embed`](crate::embed).
///
/// Each machine makes it once and stores it in the user's cache folder. That takes seconds for a
/// large component, but minutes if the compiler itself is not optimised, which is how cargo builds
/// what build scripts use. To change that, set `opt-level = 3` in `[profile.dev.build-override]`,
/// in the manifest of the workspace.
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
/// If this is not a build script, the component does not compile, there is no compiler for the
/// target, or the output folder can't be written.
pub fn compile(
    name: &str,
    component: &[u8],
) -> Result<PathBuf, Box<dyn std::error::Error + Send + Sync>> {
    let of_cargo =
        |name| env::var(name).map_err(|_| format!("{name} is not set: this is not a build script"));
    let (target, out) = (of_cargo("TARGET")?, of_cargo("OUT_DIR")?);
    let started = Instant::now();
    // Cargo shows it with -vv, or if the script fails.
    eprintln!(
        "an archive of `{name}` ({} MB) for {target}: unless it is cached, compiling it may take minutes",
        component.len() / 1_000_000
    );
    let archive = Loader::new(&EngineConfig::default())?.compile_archive(component, &target)?;
    let took = started.elapsed();
    if took > LONG {
        println!(
            "cargo::warning=compiled `{name}` for {target} in {} s and cached it for other builds on this machine",
            took.as_secs()
        );
    }
    let path = Path::new(&out).join(format!("{name}.aot"));
    fs::write(&path, archive)?;
    Ok(path)
}
