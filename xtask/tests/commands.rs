//! The commands of the README, as a user types them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn xtask(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(root)
        .args(args)
        .output()
        .unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn run_prints_the_result_alone_on_stdout_and_a_receipt_on_stderr() {
    let output = xtask(&["run", "examples/hello.py:greet", r#"{"name": "Ada"}"#]);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stdout, "\"Hello, Ada!\"\n");
    assert!(
        stderr.contains("receipt: ") && stderr.contains("0 hostcalls"),
        "{stderr}"
    );
}

#[test]
fn run_fails_with_the_error_as_python_prints_it() {
    let output = xtask(&["run", "examples/hello.py:greet", "{}"]);
    let (stdout, stderr) = texts(&output);
    assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""));
    assert!(
        stderr.contains("File \"hello.py\", line 2, in greet"),
        "{stderr}"
    );
    assert!(stderr.ends_with("KeyError: 'name'\n"), "{stderr}");
}

#[test]
fn call_runs_an_op_of_any_component() {
    let data = r#"{"ty": "lambda", "source": "lambda x: -x"}"#;
    let output = xtask(&[
        "call",
        "target/guest/python.wasm",
        "negate",
        "-5",
        "--data",
        data,
    ]);
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stdout, "5\n");
}
