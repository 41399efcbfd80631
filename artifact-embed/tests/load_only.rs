//! A build that can only load: it links no compiler, and loads what a build with one has made.
//!
//! `cargo xtask test` runs this twice: among all tests, and in a build without features.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::Command;

use artifact_embed::{Archive, Backing, EngineConfig, Loader};

#[test]
fn the_python_guest_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/python.aot");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` builds it first",
            path.display()
        );
    });
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { Archive::trust(bytes).unwrap() };
    let loader = Loader::new(&EngineConfig::default())
        .unwrap()
        .with_backings([Backing::Memory]);
    let component = loader.load(&archive).unwrap().component;
    let ty = component.component_type();
    assert!(
        ty.get_export(loader.engine(), "metatype:wit-wire/mat-wire")
            .is_some()
    );
}

#[test]
fn only_the_feature_compile_links_a_compiler() {
    let tree = |package: &str, features: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--offline", "--edges", "normal", "--prefix", "none"]);
        let output = cargo
            .args(["--package", package, "--features", features])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(tree("artifact-embed", "compile").contains("cranelift-codegen "));
    assert!(!tree("artifact-embed", "").contains("cranelift-codegen "));
    assert!(!tree("artifact-embed-build", "").contains("wasmtime "));
}
