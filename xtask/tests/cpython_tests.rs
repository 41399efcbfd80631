//! `cargo xtask cpython-tests`, on tests of our own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::xtask;

/// What a run prints of tests in `tests/cpython_tests`.
fn run(modules: &[&str]) -> (bool, String, String) {
    let mut args = vec!["cpython-tests", "--folder", "xtask/tests/cpython_tests"];
    args.extend(modules);
    xtask(&args)
}

/// The line of `table` that begins with `name`, less what it took.
fn counts(table: &str, name: &str) -> Vec<usize> {
    let line = table
        .lines()
        .find(|line| line.trim_start().starts_with(name));
    let words = line.unwrap().split_whitespace();
    words
        .skip(1)
        .take(3)
        .map(|word| word.parse().unwrap())
        .collect()
}

#[test]
fn each_test_has_one_outcome_also_beside_traps() {
    let (passed, stdout, stderr) = run(&[
        "test_outcomes",
        "test_package",
        "test_traps_at_once",
        "test_missing",
    ]);
    assert!(
        !passed && stderr.contains("failures without an explanation: 12"),
        "{stderr}"
    );
    for (name, expected) in [
        ("test_outcomes", [3, 9, 2]),
        ("test_package", [1, 1, 1]),
        ("test_traps_at_once", [0, 1, 0]),
        ("test_missing", [0, 1, 0]),
        ("all", [4, 12, 3]),
    ] {
        assert_eq!(counts(&stdout, name), expected, "{name}:\n{stdout}");
    }
    let mut failed: Vec<_> = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("FAILED "))
        .collect();
    failed.sort_unstable();
    assert_eq!(
        failed,
        [
            "test_missing",
            "test_outcomes.NotSetUp.test_a",
            "test_outcomes.NotSetUp.test_b",
            "test_outcomes.SetUpTraps.test_a",
            "test_outcomes.Tests.test_b_failure",
            "test_outcomes.Tests.test_c_error",
            "test_outcomes.Tests.test_e_trap",
            "test_outcomes.Tests.test_f_parts",
            "test_outcomes.Tests.test_h_unexpected_success",
            "test_outcomes.TornDown.tearDownClass",
            "test_package.test_broken",
            "test_traps_at_once",
        ],
        "{stdout}"
    );
    for text in [
        "AssertionError: 2 != 3",
        "KeyError: 'c'",
        "the guest crashed",
        "OSError: no database",
    ] {
        assert!(stdout.contains(text), "no {text} in\n{stdout}");
    }
}

#[test]
fn tests_that_pass_are_a_success() {
    let (passed, stdout, stderr) = run(&["test_package.test_whole"]);
    assert!(passed, "{stderr}");
    assert_eq!(counts(&stdout, "test_package.test_whole"), [1, 0, 0]);
}
