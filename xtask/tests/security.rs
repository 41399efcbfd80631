//! What the project says of its own security names what shows it, and what it names is there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The places of a document that are set as code.
fn code(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_claim_of_the_threat_model_names_a_test_that_there_is() {
    let text = read("SECURITY.md");
    // A claim is an item of a list: its text, and below it the tests.
    let claims: Vec<_> = text.split("\n- ").skip(1).collect();
    let unproven: Vec<_> = claims
        .iter()
        .filter(|claim| !claim.contains("::"))
        .collect();
    assert!(
        unproven.is_empty(),
        "claims that name no test: {unproven:#?}"
    );

    let named: Vec<_> = code(&text)
        .into_iter()
        .filter_map(|code| code.split_once(".rs::"))
        .collect();
    assert!(named.len() > 50, "SECURITY.md names {} tests", named.len());
    for (file, test) in named {
        let file = format!("{file}.rs");
        let text = read(&file);
        let is_there = match text.contains("#[test]") || text.contains("#[tokio::test") {
            true => is_test(&text, test),
            // A program that has a list of its own.
            false => text.contains(&format!("\"{test}\"")) || text.contains(&format!("fn {test}(")),
        };
        assert!(
            is_there,
            "SECURITY.md names `{file}::{test}`, which is not there"
        );
    }
}

/// Whether `text` has a test of this name, which runs.
fn is_test(text: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let at = lines
        .iter()
        .position(|line| line.trim_start_matches("async ").starts_with(&head));
    let above = lines.get(..at.unwrap_or(0)).unwrap_or_default();
    let attributes = || above.iter().rev().take_while(|line| line.starts_with("#["));
    attributes().any(|line| line.contains("test"))
        && !attributes().any(|line| line.contains("ignore"))
}

#[test]
fn every_unsafe_block_of_the_product_is_argued_for() {
    let text = read("ARCHITECTURE.md");
    let argued = code(&text);
    let mut found = 0;
    for file in sources() {
        let path = file.strip_prefix(root()).unwrap().display().to_string();
        for place in unsafe_places(&read(&path)) {
            found += 1;
            let name = format!("{path}: {place}");
            assert!(
                argued.contains(place.as_str()) && argued.contains(path.as_str()),
                "ARCHITECTURE.md has no argument for the unsafe code of {name}"
            );
        }
    }
    assert!(
        found > 10,
        "{found} places: is this looking in the right folders?"
    );
}

/// The code that hosts are made of, less checks of it.
fn sources() -> impl Iterator<Item = PathBuf> {
    let crates = [
        "artifact-embed",
        "python-runtime",
        "wasm-runtime",
        "wit-wire-host",
        "xtask",
        "xtask/advisories",
        "xtask/bindings",
        "xtask/component",
        "xtask/flame-graph",
        "xtask/guest",
        "xtask/lab",
        "xtask/python",
        "xtask/shell",
        "xtask/stamp",
    ];
    crates
        .into_iter()
        .flat_map(|name| WalkDir::new(root().join(name).join("src")))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !path.ends_with("src/fuzz.rs") && !path.ends_with("tests.rs"))
}

/// The functions of a source that have unsafe code, and the types that an unsafe trait is
/// implemented for.
fn unsafe_places(source: &str) -> BTreeSet<String> {
    let product = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    let product = product.split("#[cfg(all(test").next().unwrap_or(product);
    let mut places = BTreeSet::new();
    let mut function = String::new();
    for line in product.lines().map(str::trim_start) {
        if line.starts_with("//") || line.starts_with("#[") {
            continue;
        }
        if let Some((_, after)) = line.split_once("fn ") {
            function = word(after);
        }
        if let Some((_, implementer)) = line
            .split_once("unsafe impl ")
            .and_then(|(_, rest)| rest.split_once(" for "))
        {
            places.insert(word(implementer.trim_start_matches("&mut ")));
        } else if line.contains("unsafe {") || line.contains("unsafe fn ") {
            places.insert(function.clone());
        }
    }
    places
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect()
}
