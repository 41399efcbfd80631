//! `cargo xtask`: says what commands there are, and starts the programs that do them. `cargo xtask
//! help` lists them.
//!
//! Each program is a package of its own next to this file, so that cargo builds what a command
//! needs and no more. This one knows which guests a command needs, and what tests and lints consist
//! of.

mod check;
mod guest;
mod serve;

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::Result;
use xtask_shell::{self as shell, Selection};

/// A command: its name, what it does in a line, and who does it.
struct Task(&'static str, &'static str, By);

/// Who does a command, given its arguments.
enum By {
    /// This program.
    Us(fn(&[OsString]) -> Result<()>),
    /// Another one, with the command's name and arguments.
    Program(&'static str),
}
use By::{Program, Us};

/// In the order of `cargo xtask help`. What a program says of its commands itself begins with the
/// same line.
const TASKS: [Task; 23] = [
    Task(
        "build-guest",
        "Build what is not up to date of a guest: tools, component, precompiled archive",
        Program("guest-build"),
    ),
    Task(
        "run",
        "Call a Python function in the sandbox: its JSON result on stdout, a receipt on stderr",
        Us(run),
    ),
    Task(
        "repl",
        "Run Python cell by cell in the sandbox: values on stdout, tracebacks on stderr",
        Us(repl),
    ),
    Task(
        "serve",
        "Serve a folder of Python files over HTTP",
        Us(serve::serve),
    ),
    Task(
        "call",
        "Call an op of any component: its JSON result on stdout, a receipt on stderr",
        Program("component-cli"),
    ),
    Task(
        "inspect",
        "Show what a component or an archive is: dialect, imports, exports, sizes, whether it can be reset in place",
        Program("component-cli"),
    ),
    Task(
        "sign",
        "Sign an archive, for those who load it from elsewhere: its signature is written next to it",
        Program("guest-build"),
    ),
    Task(
        "verify",
        "Compile a component again for an archive's target, and say whether the archive is that",
        Program("guest-build"),
    ),
    Task(
        "dist",
        "Make what is released, in target/dist: archives of the Python guest, packages of all crates, their digests; a table of sizes on stdout",
        Program("guest-build"),
    ),
    Task(
        "conformance",
        "Ask a guest, or all of our own, for what the protocol asks of every guest",
        Program("lab"),
    ),
    Task(
        "stubs",
        "Write the stubs of host modules, for editors and type checkers: the files that changed on stdout",
        Us(stubs),
    ),
    Task(
        "cpython-tests",
        "Run CPython's own tests in the sandbox: a table on stdout",
        Program("lab"),
    ),
    Task(
        "packages",
        "Do small jobs with well-known packages natively and in the sandbox, and say which differ",
        Program("lab"),
    ),
    Task(
        "fuzz",
        "Fuzz with libFuzzer and AddressSanitizer (nightly Rust): a table of what was tried on stdout",
        Program("lab"),
    ),
    Task(
        "bindings",
        "Generate the bindings of Rust guests from the WIT",
        Program("bindings"),
    ),
    Task(
        "test",
        "Build what the tests need, and run them",
        Us(check::test),
    ),
    Task(
        "lint",
        "Check format, lints and documentation",
        Us(check::lint),
    ),
    Task(
        "advisories",
        "Say which packages of Cargo.lock have security advisories, by a local copy of the RustSec database",
        Program("advisories"),
    ),
    Task("ci", "What CI does: lint, then test", Us(check::ci)),
    Task(
        "bench",
        "Measure: a table on stdout, the same as JSON, and a chart",
        Program("lab"),
    ),
    Task(
        "soak",
        "Good and evil load for a while: every answer is checked, and nothing may grow",
        Program("lab"),
    ),
    Task("help", "List the commands, or say what one takes", Us(help)),
    Task("--help", "", Us(help)),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        refuse(&list());
    };
    let Some(task) = find(name) else {
        refuse(&format!(
            "error: there is no command {name:?}; `cargo xtask help` lists them"
        ));
    };
    shell::exit_code(start(task, rest))
}

/// Ends this process as clap does when it does not understand a program's arguments.
fn refuse(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(2)
}

fn find(name: &OsStr) -> Option<&'static Task> {
    TASKS.iter().find(|Task(known, ..)| name == *known)
}

fn start(Task(name, _, by): &Task, arguments: &[OsString]) -> Result<()> {
    match by {
        Us(function) => function(arguments),
        Program(program) => {
            let program = shell::program(program, Selection::Workspace, &[])?;
            hand_over(program, name, arguments)
        }
    }
}

/// Becomes `program`, which does the command `name`.
fn hand_over(mut program: Command, name: &str, arguments: &[OsString]) -> Result<()> {
    program.arg(name).args(arguments);
    shell::become_program(program)
}

fn run(arguments: &[OsString]) -> Result<()> {
    if !asks_for_help(arguments) {
        guest::python()?;
    }
    python_cli("run", arguments)
}

fn repl(arguments: &[OsString]) -> Result<()> {
    if !asks_for_help(arguments) {
        guest::python()?;
    }
    let mut program = shell::program("python-repl", Selection::of_python(), &[])?;
    program.args(arguments);
    shell::become_program(program)
}

fn stubs(arguments: &[OsString]) -> Result<()> {
    python_cli("stubs", arguments)
}

fn python_cli(command: &str, arguments: &[OsString]) -> Result<()> {
    let program = shell::program("python-cli", Selection::of_python(), &[])?;
    hand_over(program, command, arguments)
}

fn asks_for_help(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .any(|word| word == "--help" || word == "-h")
}

fn help(arguments: &[OsString]) -> Result<()> {
    let Some(name) = arguments.first() else {
        println!("{}", list());
        return Ok(());
    };
    match find(name) {
        Some(Task("help" | "--help", ..)) => help(&[]),
        Some(task) => start(task, &["--help".into()]),
        None => refuse(&format!(
            "error: there is no command {name:?}; `cargo xtask help` lists them"
        )),
    }
}

fn list() -> String {
    let mut text = "Builds guests, runs functions, tests, lints and measures.\n\n\
        Usage: cargo xtask <COMMAND>\n\nCommands:"
        .to_owned();
    for Task(name, about, _) in TASKS.iter().filter(|Task(name, ..)| *name != "--help") {
        text += &format!("\n  {name:<13}  {about}");
    }
    text
}
