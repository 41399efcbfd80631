//! Tells the build script of `python-runtime` where the archive lies.

use std::path::Path;

fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rerun-if-changed=build.rs");
    let archive = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("python.aot");
    if archive.is_file() {
        // Also where the package was moved: the old place is no more.
        println!("cargo::rerun-if-changed={}", archive.display());
        println!("cargo::metadata=archive={}", archive.display());
    }
    Ok(())
}
