//! Calls ops of components, and shows what components and archives are. Knows components of any
//! language alike.

mod call;
mod inspect;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use wasm_runtime::{CompileLimits, WasmRuntime};

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
    wasm_runtime::run_if_compiler();
    let started = Instant::now();
    python_cli::exit_code(match Command::parse() {
        Command::Call(args) => call::call(args, started),
        Command::Inspect(args) => inspect::inspect(&args),
    })
}

/// A runtime that compiles interpreters too, which takes longer than the defaults allow.
fn runtime() -> Result<WasmRuntime, wasm_runtime::Error> {
    let time = Duration::from_secs(300);
    let limits = CompileLimits::default()
        .memory(2 << 30)
        .cpu_time(time)
        .wall_time(time);
    WasmRuntime::builder().compile_limits(limits).build()
}
