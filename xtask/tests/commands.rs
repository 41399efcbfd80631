//! The commands of the README, as a user types them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::xtask;

#[test]
fn run_prints_the_result_alone_on_stdout_and_a_receipt_on_stderr() {
    let (passed, stdout, stderr) = xtask(&[
        "run",
        "examples/functions/hello.py:greet",
        r#"{"name": "Ada"}"#,
    ]);
    assert!(passed, "{stderr}");
    assert_eq!(stdout, "\"Hello, Ada!\"\n");
    assert!(
        stderr.contains("receipt: ") && stderr.contains("0 hostcalls"),
        "{stderr}"
    );
}

#[test]
fn run_fails_with_the_error_as_python_prints_it() {
    let (passed, stdout, stderr) = xtask(&["run", "examples/functions/hello.py:greet", "{}"]);
    assert_eq!((passed, stdout.as_str()), (false, ""));
    assert!(
        stderr.contains("File \"hello.py\", line 2, in greet"),
        "{stderr}"
    );
    assert!(stderr.ends_with("KeyError: 'name'\n"), "{stderr}");
}

#[test]
fn what_a_guest_says_does_nothing_to_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loud.py");
    let source = "def fail(_):\n    print('a\\x1b]0;title\\x07\\r\\u202eb')\n    raise ValueError('c\\x1b[2K\\x9b31m\\rd')\n";
    std::fs::write(&file, source).unwrap();
    let (passed, _, stderr) = xtask(&["run", &format!("{}:fail", file.display())]);
    assert!(!passed);
    assert!(
        stderr.contains(r"stdout: a\u001b]0;title\u0007\r\u202eb"),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("ValueError: c\\u001b[2K\\u009b31m\\rd\n"),
        "{stderr}"
    );
    // A traceback keeps its lines.
    assert!(
        stderr.contains("\n  File \"loud.py\", line 3, in fail\n"),
        "{stderr}"
    );
}

#[test]
fn advisories_are_read_from_a_copy_of_the_database() {
    let database = tempfile::tempdir().unwrap();
    let write = |package: &str, id: &str, patched: &str, informational: &str| {
        let folder = database.path().join("crates").join(package);
        std::fs::create_dir_all(&folder).unwrap();
        let advisory = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-01-01\"\n{informational}\n\
             [versions]\npatched = [\"{patched}\"]\n```\n\n# Numbers are read as dates\n\nAll of them.\n"
        );
        std::fs::write(folder.join(format!("{id}.md")), advisory).unwrap();
    };
    let said = || {
        let folder = database.path().display().to_string();
        xtask(&["advisories", "--database", &folder])
    };
    // Older than what the lock has, and of what is not in it.
    write("serde_json", "RUSTSEC-2026-9001", ">= 1.0.1", "");
    write("no-such-package", "RUSTSEC-2026-9002", ">= 9.0.0", "");
    let (passed, stdout, stderr) = said();
    assert!(passed, "{stderr}");
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(
        stdout.ends_with(" packages, 2 advisories read\n"),
        "{stdout}"
    );

    write(
        "anyhow",
        "RUSTSEC-2026-9003",
        ">= 999.0.0",
        "informational = \"unmaintained\"",
    );
    write("serde", "RUSTSEC-2026-9004", ">= 999.0.0", "");
    let (passed, stdout, stderr) = said();
    assert!(!passed);
    assert!(stderr.ends_with("error: one vulnerability\n"), "{stderr}");
    let lines: Vec<_> = stdout.lines().collect();
    let starts = [
        "unmaintained  anyhow 1.",
        "vulnerable    serde 1.",
        "              fixed in >=999.0.0",
    ];
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{stdout}");
    }
    let ends = [
        "RUSTSEC-2026-9003, Numbers are read as dates",
        "RUSTSEC-2026-9004, Numbers are read as dates",
    ];
    for (line, end) in lines.iter().zip(ends) {
        assert!(line.ends_with(end), "{stdout}");
    }

    let mut none = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    none.arg("advisories").env_remove("WIT_WIRE_ADVISORY_DB");
    let output = none.current_dir(common::root()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        stderr.contains("no advisory database: ") && stderr.contains("advisory-db"),
        "{stderr}"
    );
}

#[test]
fn run_draws_what_a_call_spends_its_time_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flame.svg");
    let shown = file.display().to_string();
    let function = "examples/functions/shop/cart.py:total";
    let input = r#"[{"kind": "food", "price": 10}, {"kind": "toys", "price": 19.99}]"#;
    let (passed, stdout, stderr) = xtask(&["run", function, input, "--profile", &shown]);
    assert!(passed, "{stderr}");
    let plain = xtask(&["run", function, input]);
    assert_eq!(stdout, plain.1);
    let svg = std::fs::read_to_string(&file).unwrap();
    assert!(svg.contains("total (shop/cart.py:"), "{svg}");
}

#[test]
fn run_shows_the_guests_own_frames_on_demand() {
    let run = [
        "run",
        "examples/functions/hello.py:greet",
        "{}",
        "--full-tracebacks",
    ];
    let (passed, _, stderr) = xtask(&run);
    assert!(!passed && stderr.contains("wit_wire_guest"), "{stderr}");
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
            "invalid name `a/b` of a host module",
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

#[test]
fn sign_vouches_for_an_archive_and_inspect_shows_who_did() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::copy(common::root().join("target/guest/python.aot"), at("a.aot")).unwrap();
    let inspect = || {
        let (passed, stdout, stderr) = xtask(&["inspect", &at("a.aot")]);
        assert!(passed, "{stderr}");
        let line = stdout.lines().find(|line| line.starts_with("signature"));
        line.unwrap().replace("signature       ", "")
    };
    assert_eq!(inspect(), "none");

    // RFC 8410, section 10.3.
    let key = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    std::fs::write(at("key.pem"), key).unwrap();
    let (passed, stdout, stderr) = xtask(&["sign", &at("a.aot"), "--key", &at("key.pem")]);
    assert!(passed, "{stderr}");
    assert!(stdout.starts_with(&at("a.aot.sig")), "{stdout}");
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(inspect(), format!("by {public}"));

    let signature = std::fs::read_to_string(at("a.aot.sig")).unwrap();
    std::fs::write(
        at("a.aot.sig"),
        signature.replace("\"archive\":\"", "\"archive\":\"x"),
    )
    .unwrap();
    assert!(inspect().starts_with("the signature is of the archive x"));

    std::fs::write(at("key.pem"), "no key").unwrap();
    let (passed, _, stderr) = xtask(&["sign", &at("a.aot"), "--key", &at("key.pem")]);
    assert!(!passed && stderr.contains("not an Ed25519 key"), "{stderr}");
}

#[test]
fn help_lists_the_commands_as_they_describe_themselves() {
    let (passed, list, stderr) = xtask(&["help"]);
    assert!(passed, "{stderr}");
    assert_eq!(xtask(&["--help"]).1, list);
    let commands = list.lines().filter_map(|line| {
        let (name, about) = line.strip_prefix("  ")?.split_once(' ')?;
        Some((name, about.trim_start()))
    });
    let commands: Vec<_> = commands.filter(|(name, _)| *name != "help").collect();
    assert_eq!(commands.len(), 21, "{list}");
    for (name, about) in commands {
        let (passed, help, stderr) = xtask(&[name, "--help"]);
        assert!(passed, "{name}: {stderr}");
        if name != "serve" {
            assert_eq!(help.lines().next(), Some(about), "{name}");
        }
        assert!(help.contains("Usage: "), "{name}: {help}");
        assert_eq!(xtask(&["help", name]).1, help, "{name}");
    }
}

#[test]
fn what_is_no_command_is_wrong_use() {
    for arguments in [&["runn"][..], &["run", "--wrong"], &["lint", "now"], &[]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = command.current_dir(common::root()).args(arguments).output();
        let output = output.unwrap();
        assert!(
            output.status.code().is_some_and(|code| code == 2),
            "{arguments:?}: {output:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
