//! Tests, lints and benches.

use anyhow::Result;

use crate::guest;
use crate::shell::{self, cargo, show};

pub(crate) fn test() -> Result<()> {
    guest::build(&guest::Args::default())?;
    let mut unittest = guest::isolated(guest::python()?);
    unittest.current_dir(shell::root().join("guest-glue/python"));
    unittest.args([
        "-B",
        "-m",
        "unittest",
        "discover",
        "--start-directory",
        "tests",
    ]);
    show(&mut unittest)?;
    show(cargo().args(["test", "--workspace"]))?;
    without_a_compiler()
}

/// A build that can only load archives: it links no compiler, and loads what a build with one has made.
fn without_a_compiler() -> Result<()> {
    let features = [
        "--package",
        "artifact-embed",
        "--no-default-features",
        "--features",
        "load",
    ];
    show(
        cargo()
            .arg("test")
            .args(features)
            .args(["--test", "load_only"]),
    )
}

pub(crate) fn lint() -> Result<()> {
    show(cargo().args(["fmt", "--all", "--check"]))?;
    show(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    show(
        cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

pub(crate) fn bench() -> Result<()> {
    guest::build(&guest::Args::default())?;
    // Profile and packages of everything else, so that the engine is not built once more; it is fully optimised there.
    show(cargo().args([
        "bench",
        "--profile",
        "dev",
        "--package",
        "benches",
        "--package",
        "xtask",
        "--bench",
        "call",
    ]))
}
