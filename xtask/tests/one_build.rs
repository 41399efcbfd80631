//! `cargo xtask` and the tests use the same build of what they share, the engine above all. Cargo gives a package the features that the packages
//! it is asked to build ask for; so xtask names in its manifest those that only others ask for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

/// Each package with its version and features.
fn packages(options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "--format",
            "{p} {f}",
        ])
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines
        .lines()
        .map(|line| line.trim_end_matches(" (*)").trim_end());
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn packages_have_the_same_features_for_xtask_and_for_the_workspace() {
    let xtask = packages(&["--package", "xtask", "--edges", "normal,build"]);
    let workspace = packages(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(xtask.len() > 100);
    let others: Vec<_> = xtask.difference(&workspace).collect();
    assert!(others.is_empty(), "built once more for xtask: {others:#?}");
}
