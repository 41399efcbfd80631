//! Tests and lints.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{self, Selection, cargo, show};
use crate::{asks_for_help, find};

const TEST_HELP: &str = "Build what the tests need, and run them

Usage: cargo xtask test [--quick] [FOLDER ...]

Arguments:
  [FOLDER ...]  Only the test files of these packages, such as wit-wire-host and python-runtime

Options:
      --quick  Only what needs no guest: no other tools than Rust's, and a minute once all is compiled
  -h, --help   Print help";

/// The packages whose tests run guests.
const WITH_GUESTS: [&str; 6] = [
    "artifact-embed",
    "benches",
    "docs",
    "python-runtime",
    "wasm-runtime",
    "xtask",
];

/// The test files of these packages that run none.
const WITHOUT_GUESTS: [&str; 12] = [
    "archive",
    "cache",
    "cache_damage",
    "cache_faults",
    "docs",
    "instrument",
    "load_span",
    "one_build",
    "pinned",
    "security",
    "signature",
    "two_processes",
];

pub(crate) fn test(arguments: &[OsString]) -> Result<()> {
    if asks_for_help(arguments) {
        println!("{TEST_HELP}");
        return Ok(());
    }
    match arguments {
        [] => all(),
        [quick] if quick == "--quick" => self::quick(),
        folders => of(folders),
    }
}

fn all() -> Result<()> {
    guests()?;
    let mut glue = shell::program("guest-build", Selection::Workspace, &[])?;
    shell::run(glue.arg("test-glue"))?;
    cargo_runs("test --workspace")?;
    cargo_runs("test --package wit-wire-javascript --features typescript")?;
    // A build that no other crate asks for: loading without a compiler.
    cargo_runs("test --package artifact-embed --test load_only")
}

/// What tests need of guests.
fn guests() -> Result<()> {
    shell::build_guests(&["all"])?;
    let packages = shell::root().join("xtask/tests/packages/tested.txt");
    let packages = packages
        .to_str()
        .context("this checkout has a path that is no text")?;
    shell::build_guests(&["--requirements", packages])
}

/// Cargo is told to build the whole workspace each time, and does not build the engine again.
fn quick() -> Result<()> {
    let mut packages = cargo();
    packages.args(["test", "--workspace"]);
    show(packages.args(WITH_GUESTS.iter().flat_map(|name| ["--exclude", name])))?;
    let mut files = cargo();
    files.args(["test", "--workspace"]);
    show(files.args(WITHOUT_GUESTS.iter().flat_map(|name| ["--test", name])))
}

/// The test files of some packages.
fn of(folders: &[OsString]) -> Result<()> {
    let mut names = BTreeSet::new();
    for folder in folders {
        let tests = shell::root().join(folder).join("tests");
        let files = fs::read_dir(&tests);
        for file in files.with_context(|| format!("{} is no folder of tests", tests.display()))? {
            let path = file?.path();
            if path.extension() == Some(OsStr::new("rs")) {
                names.extend(path.file_stem().map(OsStr::to_owned));
            }
        }
    }
    ensure!(!names.is_empty(), "no tests");
    guests()?;
    let mut tests = cargo();
    tests.args(["test", "--workspace"]);
    for name in names {
        tests.arg("--test").arg(name);
    }
    show(&mut tests)
}

pub(crate) fn lint(arguments: &[OsString]) -> Result<()> {
    if takes_none("lint", arguments)? {
        return Ok(());
    }
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

pub(crate) fn ci(arguments: &[OsString]) -> Result<()> {
    if takes_none("ci", arguments)? {
        return Ok(());
    }
    lint(&[])?;
    all()
}

/// Refuses arguments of a command that takes none. Whether it was only asked for its help.
fn takes_none(name: &str, arguments: &[OsString]) -> Result<bool> {
    match arguments {
        [] => Ok(false),
        _ if asks_for_help(arguments) => {
            let about = find(OsStr::new(name)).map_or("", |task| task.1);
            println!("{about}\n\nUsage: cargo xtask {name}");
            Ok(true)
        }
        [argument, ..] => bail!("`cargo xtask {name}` takes no {argument:?}"),
    }
}

fn cargo_runs(line: &str) -> Result<()> {
    show(cargo().args(line.split(' ')))
}
