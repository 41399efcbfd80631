//! For build scripts: embeds an archive in the crate that is built. Needs the feature `build` alone.

use std::path::Path;
use std::{env, fs};

/// Embeds the archive at `path` as `name`, for [`embedded!`](crate::embedded) to find.
///
/// A crate whose archive is not there yet still compiles; using the artifact is then an error that ends in `remedy`.
///
/// ```no_run
/// // build.rs
/// artifact_embed::build_script::embed("guest", "target/guest.aot", "run `make guest`").expect("build script");
/// ```
///
/// # Errors
///
/// If this is no build script, or its output folder can't be written.
pub fn embed(name: &str, path: impl AsRef<Path>, remedy: &str) -> std::io::Result<()> {
    let path = std::path::absolute(path)?;
    println!("cargo::rerun-if-changed={}", path.display());
    let bytes = if path.is_file() {
        format!("Some(include_bytes!({path:?}))")
    } else {
        "None".to_owned()
    };
    let out = env::var_os("OUT_DIR")
        .ok_or_else(|| std::io::Error::other("OUT_DIR is not set: no build script"))?;
    let code = format!(
        "{{
    #[allow(unsafe_code)]
    // SAFETY: the build that makes this program chose the file, so it is trusted like the program.
    unsafe {{ ::artifact_embed::Embedded::new({name:?}, {remedy:?}, {bytes}) }}
}}
"
    );
    fs::write(Path::new(&out).join(format!("{name}.embedded.rs")), code)
}
