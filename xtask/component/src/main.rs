//! Calls ops of components, and shows what components and archives are. Knows components of any
//! language alike.

mod call;
mod inspect;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Call an op of any component: its JSON result on stdout, a receipt on stderr.
    Call(call::Args),
    /// Show what a component or an archive is: dialect, imports, exports, sizes, whether it can be
    /// reset in place.
    Inspect(inspect::Args),
}

fn main() -> ExitCode {
    let started = Instant::now();
    python_cli::exit_code(match Command::parse() {
        Command::Call(args) => call::call(args, started),
        Command::Inspect(args) => inspect::inspect(&args),
    })
}
