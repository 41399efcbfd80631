//! Passes the target to the crate: archives hold machine code.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=ARTIFACT_EMBED_TARGET={target}");
}
