//! `cargo xtask repl` without a terminal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A REPL that has read `input`.
fn start(args: &[&str], input: &str) -> Child {
    let mut repl = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .current_dir(common::root())
        .arg("repl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = repl.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    repl
}

/// The status of a REPL that reads `input`, its stdout and its stderr.
fn repl(args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = start(args, input).wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    (output.status.code(), stdout, stderr)
}

#[test]
fn its_help_names_the_commands_for_packages_and_files() {
    let (passed, stdout, stderr) = common::xtask(&["help", "repl"]);
    assert!(passed, "{stderr}");
    let named = [
        "Usage: cargo xtask repl",
        "--packages",
        "--requirements",
        "--load",
    ];
    assert!(named.iter().all(|word| stdout.contains(word)), "{stdout}");
}

#[test]
fn what_is_piped_is_cells_and_commands() {
    let input = "\
def f(x):
    doubled = x * 2

    return doubled

print('one', end='')
f('two')
:fork other
x = 1
x
:switch main
:sessions
'x' in globals()
:undo
:undo
'f' in globals()
";
    let (status, stdout, stderr) = repl(&[], input);
    assert_eq!(status, Some(0), "{stderr}");
    let without_sizes: Vec<_> = stdout
        .lines()
        .map(|line| line.split("  ").next().unwrap_or_default())
        .collect();
    let expected = ["one'twotwo'", "1", "* main", "", "False", "False"];
    assert_eq!(without_sizes, expected, "{stdout}");
    assert!(
        stdout.contains("\n  other  ") && stdout.contains(" KiB\n"),
        "{stdout}"
    );
}

#[test]
fn the_first_part_that_fails_is_the_last() {
    for (input, code, said) in [
        (
            "print('before')\n1 / 0\n",
            1,
            "Traceback (most recent call last):\n  File \"<cell 1>\", line 2, in <module>\n    1 / 0\n    ~~^~~\n\
             ZeroDivisionError: division by zero\n",
        ),
        (
            "print('before')\n:undo 2\n",
            1,
            "error: :undo takes nothing, and not `2`\n",
        ),
        (
            "print('before')\n:nope\n",
            1,
            "error: there is no command :nope; :help lists them\n",
        ),
        (
            "print('before')\n:undo\n:undo\n",
            1,
            "error: there is no cell to take back\n",
        ),
        (
            "print('before')\n:switch a\n",
            1,
            "error: there is no session a; :sessions lists them\n",
        ),
        (
            "print('before')\n:fork main\n",
            1,
            "error: there is a session main already; :switch main goes there\n",
        ),
        (
            "print('before')\nx = ' ' * 1_000_000_000\n",
            1,
            "the session is as it was before\n",
        ),
        ("print('before')\nimport sys\nsys.exit(3)\n", 3, ""),
        ("print('before')\nraise SystemExit('why')\n", 1, "why\n"),
        ("print('before')\n:quit\n", 0, ""),
    ] {
        let (status, stdout, stderr) = repl(&[], &format!("{input}:size\n"));
        assert_eq!(status, Some(code), "{input}\n{stderr}");
        assert_eq!(stdout, "before\n", "{input}");
        assert!(stderr.ends_with(said), "{input}\n{stderr}");
    }
}

#[test]
fn a_session_is_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (begin, saved) = (path("begin.py"), path("saved"));
    std::fs::write(&begin, "x = [1]\nprint('loaded')\nx\n").unwrap();
    let input =
        format!("x.append(2)\n:save {saved}\nx.clear()\n:load {saved}\nx\n:undo\n:undo\nx\n");
    let (status, stdout, stderr) = repl(&["--load", &begin], &input);
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stdout, "loaded\n[1, 2]\n[]\n");

    let (status, stdout, stderr) = repl(&["--load", &saved], "x.append(3)\nx\n:reset\nx\n");
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stdout, "[1, 2, 3]\n[1, 2]\n");

    std::fs::write(&begin, "1 / 0").unwrap();
    let (status, stdout, stderr) = repl(&["--load", &begin], "print('never')\n");
    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(
        stderr.ends_with("ZeroDivisionError: division by zero\n"),
        "{stderr}"
    );
    std::fs::write(&saved, "no session").unwrap();
    let (status, _, stderr) = repl(&["--load", &saved], "");
    assert_eq!(status, Some(1));
    assert!(
        stderr.contains(&format!("error: reading {saved}: ")),
        "{stderr}"
    );
}

#[test]
fn packages_can_be_imported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("shapes.py"),
        "def area(a, b):\n    return a * b\n",
    )
    .unwrap();
    let packages = folder.path().display().to_string();
    let input = "from shapes import area\narea(2, 3)\n";
    let (status, stdout, stderr) = repl(&["--packages", &packages], input);
    assert_eq!((status, stdout.as_str()), (Some(0), "6\n"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn output_comes_as_it_is_printed_and_an_interrupt_ends_the_cell() {
    let mut repl = start(&[], "print('begun')\nwhile True: pass\n:size\n");
    let mut stdout = BufReader::new(repl.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    // `cargo xtask` has become the REPL.
    let pid = repl.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.unwrap().success());
    let output = repl.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let said = "interrupted; the session is as it was before\n";
    assert!(stderr.ends_with(said), "{stderr}");
    line.clear();
    assert_eq!(stdout.read_line(&mut line).unwrap(), 0, "{line}");
}
