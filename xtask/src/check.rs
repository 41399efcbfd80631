//! Tests and lints.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;

use anyhow::{Context, Result};

use crate::shell::{self, Selection, cargo, show};
use crate::{asks_for_help, find, refuse};

const TEST_HELP: &str = "Build what the tests need, and run them

Usage: cargo xtask test [--quick] [FOLDER ...]

Arguments:
  [FOLDER ...]  Only the test files of these packages, such as wit-wire-host and python-runtime

Options:
      --quick  Only what needs no guest, and so no other tools than Rust's, and does not take long
  -h, --help   Print help";

/// The folders of packages whose test files need no guest, but for [`LOAD_ONLY`].
const WITHOUT_GUESTS: [&str; 3] = ["artifact-embed", "examples/http-server", "wit-wire-host"];

/// Those whose test files need some.
const WITH_GUESTS: [&str; 3] = ["docs", "wasm-runtime", "xtask"];

/// The package whose unit tests do, too.
const ALL_WITH_GUESTS: &str = "python-runtime";

/// Loads what another build has compiled.
const LOAD_ONLY: &str = "load_only";

/// Of those that need none, these take as long as all others together.
const LONG: [&str; 2] = ["evil", "tenants"];

/// The test files of `xtask` that look at the checkout alone.
const CHECKOUT: [&str; 6] = [
    "docs",
    "layers",
    "messages",
    "one_build",
    "pinned",
    "security",
];

pub(crate) fn test(arguments: &[OsString]) -> Result<()> {
    if asks_for_help(arguments) {
        println!("{TEST_HELP}");
        return Ok(());
    }
    match arguments {
        [] => all(),
        [quick] if quick == "--quick" => self::quick(),
        folders => {
            let is_option = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-");
            if let Some(option) = folders.iter().find(is_option) {
                refuse(&format!("error: unexpected {option:?}\n\n{TEST_HELP}"));
            }
            let names = files(folders)?;
            guests()?;
            test_files(&names, &[])
        }
    }
}

fn all() -> Result<()> {
    guests()?;
    let mut glue = shell::program("guest-build", Selection::Workspace, &[])?;
    shell::run(glue.arg("test-glue"))?;
    // What tests start, which one after the other would have built.
    cargo_runs("build --workspace --bins")?;
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

/// Unit tests and test files. Cargo knows a file by its name alone: one that a file with guests
/// shares is left out.
fn quick() -> Result<()> {
    let mut names = files(&WITHOUT_GUESTS)?;
    let with_guests = files(&WITH_GUESTS)?;
    let is_long = |name: &OsString| LONG.iter().any(|long| name == long);
    names.retain(|name| name != LOAD_ONLY && !with_guests.contains(name) && !is_long(name));
    names.extend(CHECKOUT.map(OsString::from));
    test_files(&names, &["--exclude", ALL_WITH_GUESTS, "--lib", "--bins"])
}

/// The names of the test files of some packages.
fn files(folders: &[impl AsRef<OsStr>]) -> Result<BTreeSet<OsString>> {
    let mut names = BTreeSet::new();
    for folder in folders {
        let tests = shell::root().join(folder.as_ref()).join("tests");
        let files = fs::read_dir(&tests);
        for file in files.with_context(|| format!("{} is no folder of tests", tests.display()))? {
            let path = file?.path();
            if path.extension() == Some(OsStr::new("rs")) || path.join("main.rs").is_file() {
                names.extend(path.file_stem().map(OsStr::to_owned));
            }
        }
    }
    Ok(names)
}

/// Always of the whole workspace, as commands are built: so that the engine is built once.
fn test_files(names: &BTreeSet<OsString>, more: &[&str]) -> Result<()> {
    let mut tests = cargo();
    tests.args(["test", "--workspace"]).args(more);
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
        [argument, ..] => refuse(&format!(
            "error: `cargo xtask {name}` takes no {argument:?}"
        )),
    }
}

fn cargo_runs(line: &str) -> Result<()> {
    show(cargo().args(line.split(' ')))
}
