//! Calls Python functions in the sandbox, and writes stubs of what they import from their host.
//!
//! What users wait for first: avoid adding dependencies to this package.

mod run;
mod stubs;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Call a Python function in the sandbox: its JSON result on stdout, a receipt on stderr.
    Run(run::Args),
    /// Write the stubs of host modules, for editors and type checkers: the files that changed on
    /// stdout.
    Stubs(stubs::Args),
}

fn main() -> ExitCode {
    let started = Instant::now();
    python_cli::exit_code(match Command::parse() {
        Command::Run(args) => run::run(&args, started),
        Command::Stubs(args) => stubs::stubs(&args),
    })
}
