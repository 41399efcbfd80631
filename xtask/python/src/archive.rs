//! The guest's archive, as a build or a lock has put it into `target/guest`.

use std::fs;

use anyhow::{Context, Result};
use artifact_embed::Archive;

/// The Python guest, for `PythonRuntime::builder().archive(..)`. It is loaded at run time and
/// not part of the program, so a guest that was built again takes effect at once.
///
/// # Errors
///
/// If it was not built, or the file is not an archive.
pub fn guest() -> Result<Archive<'static>> {
    let path = xtask_shell::guests().join("python.aot");
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
