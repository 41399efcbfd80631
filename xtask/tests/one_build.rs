//! What `cargo xtask` and the tests have cargo build: the engine once, and no more packages than a
//! command needs.
//!
//! Cargo gives a dependency the features that the packages it is told to build ask for, together.
//! Commands are built with the whole workspace selected, tests too, but with the dependencies that
//! only tests have: so none of these may add a feature to what a command uses. Where one does, it
//! is named as an ordinary dependency of `docs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Each package that cargo would build, with its version and features.
fn packages(options: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args("tree --offline --locked --prefix none --format".split(' '))
        .arg("{p} {f}")
        .args(options.split(' '))
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
fn commands_and_tests_share_what_they_are_built_of() {
    let commands = packages("--workspace --edges normal,build");
    let tests = packages("--workspace --edges normal,build,dev");
    assert!(commands.len() > 100);
    let quick = packages("--workspace --exclude python-runtime --edges normal,build,dev");
    for (who, built) in [("commands", commands), ("test --quick", quick)] {
        let others: Vec<_> = built.difference(&tests).collect();
        assert!(others.is_empty(), "built once more for {who}: {others:#?}");
    }
}

/// Traces bring packages of their own, and no features of what is there without them.
#[test]
fn a_server_with_traces_shares_them_too() {
    let traced = packages("--workspace --features serve/otlp --edges normal,build");
    let tests = packages("--workspace --edges normal,build,dev");
    let others = traced.difference(&tests);
    let others: Vec<_> = others
        .filter(|package| !package.starts_with("serve "))
        .collect();
    assert!(others.is_empty(), "built once more: {others:#?}");
}

#[test]
fn no_command_is_built_of_more_packages_than_it_was() {
    for (program, most) in [
        ("xtask", 4),
        ("python-cli", 185),
        ("python-repl", 195),
        ("guest-build", 170),
        ("component-cli", 235),
        ("serve", 241),
        ("lab", 235),
        ("bindings", 55),
        ("advisories", 55),
    ] {
        let count = packages(&format!("--package {program} --edges normal,build")).len();
        assert!(count <= most, "{program}: {count} packages, not {most}");
    }
}

#[test]
fn a_guest_that_was_built_elsewhere_runs_without_a_compiler() {
    let built = packages(
        "--package guest-stamp --package python-cli --package python-repl --package serve --edges normal,build",
    );
    for package in &built {
        let is_compiler = [
            "cranelift-codegen ",
            "wasmtime-internal-cranelift ",
            "regalloc2 ",
        ]
        .iter()
        .any(|name| package.starts_with(name));
        assert!(!is_compiler, "{package}");
    }
}

/// A profile for all packages is also one for build scripts and macros, which are a third of a
/// first build (rust-lang/cargo#9351). One for a package that is gone does nothing.
#[test]
fn only_packages_by_name_have_a_profile_of_their_own() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let tables = manifest.split("\n[profile.dev.package]\n").nth(1).unwrap();
    let table = tables.split("\n[").next().unwrap();
    let all = manifest
        .split("\n[profile.dev.package.\"*\"]\n")
        .nth(1)
        .unwrap();
    let all = all.split("\n\n").next().unwrap();
    assert!(!all.contains("opt-level"), "{all}");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<_> = lines
        .filter_map(|line| line.split(['.', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(lock.contains(&format!("\nname = \"{name}\"\n")), "{name}");
    }
}
