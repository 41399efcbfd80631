//! The guest's archive, as a build or a lock has put it into `target/guest`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use artifact_embed::Archive;

/// The Python guest, for `PythonRuntime::builder().archive(..)`. It is loaded at run time and
/// not part of the program, so a guest that was built again takes effect at once.
///
/// # Errors
///
/// If it was not built, or the file is not an archive.
pub fn guest() -> Result<Archive<'static>> {
    load("python")
}

/// The same with the packages of a pip requirements file, which is built first.
///
/// # Errors
///
/// If it can't be built.
pub fn guest_with(requirements: &Path) -> Result<Archive<'static>> {
    let file = requirements.canonicalize();
    let file = file.with_context(|| format!("reading {}", requirements.display()))?;
    let text = file.to_str().context("its path is no text")?;
    xtask_shell::build_guests(&["--requirements", text])?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    load(&format!("python-with-{stem}"))
}

fn load(name: &str) -> Result<Archive<'static>> {
    let path = xtask_shell::guests().join(format!("{name}.aot"));
    let bytes = fs::read(&path).with_context(|| {
        format!(
            "reading {} (`cargo xtask build-guest` makes it)",
            path.display()
        )
    })?;
    #[allow(unsafe_code, reason = "to load an archive is to run it")]
    // SAFETY: `cargo xtask` built it of this checkout, or has compared it with the digest that the
    // checkout's lock has. The folder is the one that cargo builds this very program in: who can
    // write there can replace the program.
    let archive = unsafe { Archive::trust(bytes) };
    archive.with_context(|| format!("reading {}", path.display()))
}
