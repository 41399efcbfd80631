//! Every message that users can see, collected from the sources by `messages.py` and kept in
//! `messages.golden`: a change of wording is one diff there. `BLESS=1` writes the file.
//!
//! Other tests compare variants, kinds and fields, and leave sentences to this one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::{env, fs};

#[test]
fn messages_are_those_of_the_golden_file() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut python = Command::new("python3");
    let python = python.args(["-B", "-X", "utf8"]);
    let output = python.arg(tests.join("messages.py")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let found = String::from_utf8(output.stdout).unwrap();

    let golden = tests.join("messages.golden");
    if env::var_os("BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let known = fs::read_to_string(golden).unwrap();
    let (gone, new) = (lacking(&known, &found, '-'), lacking(&found, &known, '+'));
    assert!(
        known == found,
        "messages differ from xtask/tests/messages.golden:\n{gone}{new}\
         if that is intended: BLESS=1 cargo test --workspace --test messages"
    );
}

/// The lines of `one` that `other` lacks, each after `sign`.
fn lacking(one: &str, other: &str, sign: char) -> String {
    let lines = one.lines();
    let lines = lines.filter(|line| !other.lines().any(|known| known == *line));
    lines.map(|line| format!("{sign} {line}\n")).collect()
}
