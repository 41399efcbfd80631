//! The commands of the README, as a user types them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::xtask;

#[test]
fn run_prints_the_result_alone_on_stdout_and_a_receipt_on_stderr() {
    let (passed, stdout, stderr) = xtask(&["run", "examples/hello.py:greet", r#"{"name": "Ada"}"#]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout, "\"Hello, Ada!\"\n");
    assert!(
        stderr.contains("receipt: ") && stderr.contains("0 hostcalls"),
        "{stderr}"
    );
}

#[test]
fn run_fails_with_the_error_as_python_prints_it() {
    let (passed, stdout, stderr) = xtask(&["run", "examples/hello.py:greet", "{}"]);
    assert_eq!((passed, stdout.as_str()), (false, ""));
    assert!(
        stderr.contains("File \"hello.py\", line 2, in greet"),
        "{stderr}"
    );
    assert!(stderr.ends_with("KeyError: 'name'\n"), "{stderr}");
}

#[test]
fn call_runs_an_op_of_any_component() {
    let data = r#"{"ty": "lambda", "source": "lambda x: -x"}"#;
    let (passed, stdout, stderr) = xtask(&[
        "call",
        "target/guest/python.wasm",
        "negate",
        "-5",
        "--data",
        data,
    ]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout, "5\n");
}

#[test]
fn stubs_writes_what_changed_and_names_the_place_of_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let modules = "python-runtime/tests/host/modules.json";
    let (passed, stdout, stderr) = xtask(&["stubs", modules, &at("stubs")]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout.lines().count(), 6, "{stdout}");
    let first = stdout.lines().next();
    assert_eq!(first, Some(at("stubs/host/__init__.pyi").as_str()));
    let (passed, stdout, stderr) = xtask(&["stubs", modules, &at("stubs")]);
    assert_eq!((passed, stdout.as_str()), (true, ""), "{stderr}");

    for (text, expected) in [
        (
            "[{\"name\": \"m\",\n \"dok\": \"\"}]",
            "unknown field `dok`, expected one of `name`, `doc`, `functions` at line 2 column 6",
        ),
        (
            "[{\"name\": \"a/b\", \"doc\": \"\", \"functions\": []}]",
            "the name `a/b`: want ASCII letters",
        ),
    ] {
        std::fs::write(at("modules.json"), text).unwrap();
        let (passed, _, stderr) = xtask(&["stubs", &at("modules.json"), &at("stubs")]);
        assert!(!passed);
        assert!(
            stderr.contains(&at("modules.json")) && stderr.contains(expected),
            "{stderr}"
        );
    }
}
