//! Drives the workspace: orders, paths and the tools to call. `cargo xtask help` lists what it does.

mod call;
mod check;
mod guest;
mod report;
mod run;
mod shell;
mod stamp;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

/// Builds guests, runs functions, tests, lints and measures.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build what guests need that is not up to date: tools, component, precompiled archive.
    BuildGuest(guest::Args),
    /// Call a Python function in the sandbox: its JSON result on stdout, a receipt on stderr.
    Run(run::Args),
    /// Call an op of any component: its JSON result on stdout, a receipt on stderr.
    Call(call::Args),
    /// Build what the tests need, and run all of them.
    Test,
    /// Check format, lints and documentation.
    Lint,
    /// What CI does: lint, then test.
    Ci,
    /// Measure, and print what was measured.
    Bench,
}

fn main() -> ExitCode {
    let started = Instant::now();
    let done = match Cli::parse().task {
        Task::BuildGuest(args) => guest::build(&args).map(|_| ()),
        Task::Run(args) => run::run(&args, started),
        Task::Call(args) => call::call(args, started),
        Task::Test => check::test(),
        Task::Lint => check::lint(),
        Task::Ci => check::lint().and_then(|()| check::test()),
        Task::Bench => check::bench(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
