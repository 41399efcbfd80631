//! Tells the build script of `python-runtime` where the archive lies.

fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var("CARGO_MANIFEST_DIR")?;
    println!("cargo::metadata=archive={folder}/python.aot");
    Ok(())
}
