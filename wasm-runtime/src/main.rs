//! Compiles components for a `WasmRuntime` whose own executable can't: `Compiler::Executable` with
//! the path of this program.

use std::process::ExitCode;

fn main() -> ExitCode {
    wasm_runtime::run_if_compiler();
    eprintln!("wasm-runtime-compiler is started by a `WasmRuntime`, and does nothing by itself");
    ExitCode::FAILURE
}
