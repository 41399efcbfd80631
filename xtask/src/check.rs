//! Tests and lints.

use std::process::Command;

use anyhow::Result;

use crate::shell::{self, cargo, show};
use crate::{guest, stubs};

pub(crate) fn test() -> Result<()> {
    guest::build(&guest::Args::all())?;
    guest::build(&guest::Args::tested_packages())?;
    let mut unittest = guest::isolated(guest::python()?);
    unittest.current_dir(shell::root().join("guest-glue/python"));
    show(unittest.args("-B -m unittest discover --start-directory tests".split(' ')))?;
    guest::test_javascript(&shell::guests())?;
    json_of_c()?;
    stubs::check()?;
    cargo_runs("test --workspace")?;
    cargo_runs("test --package wit-wire-javascript --features typescript")?;
    // A build that no other crate asks for: loading without a compiler.
    cargo_runs("test --package artifact-embed --test load_only")
}

/// The C guest's reader of JSON, natively.
fn json_of_c() -> Result<()> {
    let test = shell::guests().join("json_test");
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.current_dir(shell::root().join("guest-glue/c"));
    show(
        cc.args("-std=c11 -I . tests/json_test.c json.c -o".split(' '))
            .arg(&test),
    )?;
    show(&mut Command::new(test))
}

pub(crate) fn lint() -> Result<()> {
    cargo_runs("fmt --all --check")?;
    cargo_runs("clippy --workspace --all-targets -- --deny warnings")?;
    cargo_runs(
        "clippy --package wit-wire-javascript --all-features --all-targets -- --deny warnings",
    )?;
    show(
        cargo()
            .args("doc --workspace --no-deps".split(' '))
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

fn cargo_runs(line: &str) -> Result<()> {
    show(cargo().args(line.split(' ')))
}
