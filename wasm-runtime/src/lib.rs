//! Run functions of WebAssembly components that users bring, in a sandbox inside this process.
//!
//! The crate knows how a component's bytes become a program: it compiles them, once, and remembers
//! the result. It does not know Python, nor what any component does.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wasm_runtime::{Op, WasmRuntime};
//!
//! // First in `main`.
//! wasm_runtime::run_if_compiler();
//!
//! let runtime = WasmRuntime::builder().build()?;
//! let component = runtime.component_from_path("plugin.wasm").await?;
//! let program = component.program([Op::new("echo")]).build().await?;
//! let answer: String = program.function("echo")?.call("hello").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Who compiles
//!
//! A component of some kilobytes can take gigabytes or minutes to compile. So a second process of
//! the same executable compiles, within [`CompileLimits`], and what exceeds them is an
//! [`Error::CompileLimit`]. For this, `main` begins with [`run_if_compiler`]; the program needs no
//! second binary, and can be replaced while it runs. If there is no such line, [`build`] fails.
//! There are two other ways ([`Compiler`]): another executable with that line, such as this crate's
//! own `wasm-runtime-compiler`; and this process, for components that are trusted.
//!
//! [`build`]: WasmRuntimeBuilder::build
//!
//! # Modules
//!
//! Each imports only from those above it.
//!
//! - `sniff`: what bytes are; `compile_limits`: what compiling may take; `error`: why a component
//!   can't be used
//! - `component_file`: components in files; `compiler_process`: the process that compiles
//! - `compiler`: starts, feeds and ends it
//! - `compile`: one compilation for all tasks that ask at once, and no more at once than allowed
//! - `runtime`: components ready for programs
//! - `builder`: how a runtime is configured

mod builder;
mod compile;
mod compile_limits;
mod compiler;
mod compiler_process;
mod component_file;
mod error;
mod runtime;
mod sniff;

pub use artifact_embed::{Archive, CacheFolder};
pub use builder::WasmRuntimeBuilder;
pub use compile_limits::{CompileLimit, CompileLimits};
pub use compiler::Compiler;
pub use compiler_process::run_if_compiler;
pub use error::Error;
pub use runtime::WasmRuntime;
pub use sniff::BinaryFormat;
pub use wit_wire_host::{
    BuildError, Call, CallError, CallOptions, CleanedBy, Component, Dialect, Discarded, Function,
    HostcallContext, HostcallError, Hostcalls, Isolation, Limit, LimitExceeded, Limits, Mismatch,
    Op, Output, PROTOCOL_VERSION, Payload, Phase, PoolConfig, PoolStats, Printable, Profile,
    Program, ProgramBuilder, ProgramError, ProgramSize, Receipt, ResetPolicy, Snapshot,
    SnapshotError, Stream, printable, telemetry,
};
