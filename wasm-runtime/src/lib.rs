//! Run functions of WebAssembly components that users bring, in a sandbox inside this process.
//!
//! The crate knows how a component's bytes become a program: it compiles them, once, and remembers
//! the result. It does not know Python, nor what any component does.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wasm_runtime::{Op, WasmRuntime};
//!
//! let runtime = WasmRuntime::builder().build()?;
//! let component = runtime.component_from_path("plugin.wasm").await?;
//! let program = component.program([Op::new("echo")]).build().await?;
//! let answer: String = program.function("echo")?.call("hello").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! Each imports only from those above it.
//!
//! - `sniff`: what bytes are; `error`: why a component can't be used
//! - `component_file`: components in files
//! - `compile`: one compilation for all tasks that ask at once
//! - `runtime`: components ready for programs
//! - `builder`: how a runtime is configured

mod builder;
mod compile;
mod component_file;
mod error;
mod runtime;
mod sniff;

pub use artifact_embed::{Archive, CacheFolder};
pub use builder::WasmRuntimeBuilder;
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
