//! For build scripts: embeds an archive of `artifact-embed` in the crate that is built, and
//! compiles one if asked to.
//!
//! The crate knows what cargo tells build scripts. It does not know what an archive is: without
//! features it has no dependencies, so that build scripts stay small.
//!
//! ```no_run
//! // build.rs
//! # fn main() -> std::io::Result<()> {
//! artifact_embed_build::embed("guest", "guest.aot", "run `make guest`")
//! # }
//! ```
//!
//! The crate's code then finds it with `artifact_embed::embedded!("guest")`.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `compile` adds the function `compile`, which makes archives, and Wasmtime's compiler
//! - `cross` lets it compile for other processor architectures

use std::path::Path;
use std::{env, fs, io};

#[cfg(feature = "compile")]
mod compile;

#[cfg(feature = "compile")]
pub use compile::compile;

/// Embeds the archive at `path` as `name`, for `artifact_embed::embedded!` to find.
///
/// A crate still compiles if the file does not exist yet; to use the artifact is then an error
/// whose message ends with `remedy`.
///
/// # Errors
///
/// If this is not a build script, or its output folder can't be written.
pub fn embed(name: &str, path: impl AsRef<Path>, remedy: &str) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    println!("cargo::rerun-if-changed={}", path.display());
    let bytes = if path.is_file() {
        format!("Some(include_bytes!({path:?}))")
    } else {
        "None".to_owned()
    };
    let out = env::var_os("OUT_DIR")
        .ok_or_else(|| io::Error::other("OUT_DIR is not set: this is not a build script"))?;
    let code = format!(
        "{{
    #[allow(unsafe_code)]
    // SAFETY: the build of this program chose the file, so it is trusted like the program.
    unsafe {{ ::artifact_embed::Embedded::new({name:?}, {remedy:?}, {bytes}) }}
}}
"
    );
    fs::write(Path::new(&out).join(format!("{name}.embedded.rs")), code)
}
