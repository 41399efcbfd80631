//! Drives the workspace: orders, paths and the tools to call. `cargo xtask help` lists what it does.

mod bench;
mod bindings;
mod call;
mod check;
mod conformance;
mod cpython_tests;
mod dist;
mod fuzz;
mod guest;
mod inspect;
mod report;
mod run;
mod serve;
mod shell;
mod sign;
mod soak;
mod stamp;
mod stubs;
mod verify;

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
    /// Build what is not up to date of a guest: tools, component, precompiled archive.
    BuildGuest(guest::Args),
    /// Call a Python function in the sandbox: its JSON result on stdout, a receipt on stderr.
    Run(run::Args),
    /// Serve a folder of Python files over HTTP.
    Serve(serve::Args),
    /// Call an op of any component: its JSON result on stdout, a receipt on stderr.
    Call(call::Args),
    /// Show what a component or an archive is: shape, imports, exports, sizes, whether it can be reset in place.
    Inspect(inspect::Args),
    /// Sign an archive, for those who load it from elsewhere: its signature is written beside it.
    Sign(sign::Args),
    /// Compile a component again for an archive's target, and say whether the archive is that.
    Verify(verify::Args),
    /// Make what is released, in target/dist: archives of the Python guest, packages of all crates, their digests; a table of sizes on stdout.
    Dist(dist::Args),
    /// Ask a guest, or all of our own, for what the protocol asks of every guest.
    Conformance(conformance::Args),
    /// Write the stubs of host modules, for editors and type checkers: the files that changed on stdout.
    Stubs(stubs::Args),
    /// Run CPython's own tests in the sandbox: a table on stdout.
    CpythonTests(cpython_tests::Args),
    /// Fuzz with libFuzzer and AddressSanitizer (nightly Rust): a table of what was tried on stdout.
    Fuzz(fuzz::Args),
    /// Generate the bindings of Rust guests anew from the WIT.
    Bindings,
    /// Build what the tests need, and run all of them.
    Test,
    /// Check format, lints and documentation.
    Lint,
    /// What CI does: lint, then test.
    Ci,
    /// Measure: a table on stdout, the same as JSON, and a chart.
    Bench(bench::Args),
    /// Good and evil load for a while: every answer is checked, and nothing may grow.
    Soak(soak::Args),
}

fn main() -> ExitCode {
    let started = Instant::now();
    let done = match Cli::parse().task {
        Task::BuildGuest(args) => guest::build_and_tell(&args),
        Task::Run(args) => run::run(&args, started),
        Task::Serve(args) => serve::serve(&args),
        Task::Call(args) => call::call(args, started),
        Task::Inspect(args) => inspect::inspect(&args),
        Task::Sign(args) => sign::sign(&args),
        Task::Verify(args) => verify::verify(&args),
        Task::Dist(args) => dist::dist(&args),
        Task::Conformance(args) => conformance::conformance(args),
        Task::Stubs(args) => stubs::stubs(&args),
        Task::CpythonTests(args) => cpython_tests::cpython_tests(args),
        Task::Fuzz(args) => fuzz::fuzz(args),
        Task::Bindings => bindings::write(),
        Task::Test => check::test(),
        Task::Lint => check::lint(),
        Task::Ci => check::lint().and_then(|()| check::test()),
        Task::Bench(args) => bench::bench(&args),
        Task::Soak(args) => soak::soak(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
