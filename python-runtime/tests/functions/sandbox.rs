//! What code finds in the sandbox, and what it does not.

use serde_json::{Value, json};

use crate::{def, exception};

/// Code that reads the program's name, such as `argparse`, finds one.
#[tokio::test]
async fn a_command_line_has_no_words_but_the_programs_name() {
    let function = def(r"
import argparse, sys

argparse.ArgumentParser()

def f(x):
    return [sys.argv, vars(argparse.ArgumentParser().parse_args())]
")
    .await;
    let (argv, parsed): (Vec<String>, Value) = function.call(&()).await.unwrap();
    assert_eq!((argv, parsed), (vec![String::new()], json!({})));
}

#[tokio::test]
async fn the_sandbox_has_nothing_of_the_machine_and_no_network_processes_or_input() {
    let attempt = def(r"
import os, socket, subprocess, sys

def attempt(what):
    return eval(what)
")
    .await;
    for what in [
        "open('/etc/passwd').read()",
        "os.listdir('/proc')",
        "os.listdir('/../../etc')",
        "open('/dev/stdin')",
        "socket.create_connection(('127.0.0.1', 80), 1)",
        "socket.getaddrinfo('localhost', 80)",
        "subprocess.run(['ls'])",
    ] {
        let error = exception(&attempt, &json!(what)).await;
        let expected = [
            "FileNotFoundError",
            "PermissionError",
            "OSError",
            "gaierror",
            "NotADirectoryError",
        ];
        assert!(expected.contains(&&*error.ty), "{what}: {error}");
    }
    for (what, empty) in [
        ("dict(os.environ)", json!({"HOME": "/home"})),
        ("os.listdir()", json!(["site-packages"])),
        ("sys.stdin.read()", json!("")),
        ("sys.argv", json!([""])),
    ] {
        let found: Value = attempt.call(&what).await.unwrap();
        assert_eq!(found, empty, "{what}");
    }
}

#[tokio::test]
async fn the_standard_library_can_be_imported_late() {
    let late = def(r"
def late(names):
    import importlib
    return [importlib.import_module(name).__name__ for name in names]
")
    .await;
    let names = json!([
        "asyncio",
        "csv",
        "email.message",
        "sqlite3",
        "tomllib",
        "unittest.mock",
        "xml.etree.ElementTree"
    ]);
    assert_eq!(late.call::<_, Value>(&names).await.unwrap(), names);
}
