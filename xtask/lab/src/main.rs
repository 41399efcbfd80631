//! Measures the workspace and puts it under load. Knows the crates as their users do, through what
//! they export.

mod bench;
mod conformance;
mod cpython_tests;
mod fuzz;
mod packages;
mod soak;

use std::process::ExitCode;

use clap::Parser;
use xtask_shell as shell;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Ask a guest, or all of our own, for what the protocol asks of every guest.
    Conformance(conformance::Args),
    /// Run CPython's own tests in the sandbox: a table on stdout.
    CpythonTests(cpython_tests::Args),
    /// Do small jobs with well-known packages natively and in the sandbox, and say which differ.
    Packages(packages::Args),
    /// Fuzz with libFuzzer and AddressSanitizer (nightly Rust): a table of what was tried on
    /// stdout.
    Fuzz(fuzz::Args),
    /// Measure: a table on stdout, the same as JSON, and a chart.
    Bench(bench::Args),
    /// Good and evil load for a while: every answer is checked, and nothing may grow.
    Soak(soak::Args),
}

fn main() -> ExitCode {
    python_cli::exit_code(match Command::parse() {
        Command::Conformance(args) => conformance::conformance(args),
        Command::CpythonTests(args) => cpython_tests::cpython_tests(args),
        Command::Packages(args) => packages::packages(&args),
        Command::Fuzz(args) => fuzz::fuzz(args),
        Command::Bench(args) => bench::bench(&args),
        Command::Soak(args) => soak::soak(&args),
    })
}
