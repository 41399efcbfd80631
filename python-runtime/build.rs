//! Embeds the Python guest, if it was built.

use std::path::Path;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/python.aot");
    artifact_embed::build_script::embed(
        "python",
        archive,
        "run `cargo xtask build-guest`, then build this program again",
    )
}
