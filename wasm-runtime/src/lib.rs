//! Run functions of WebAssembly components that users bring, in a sandbox inside this process.
//!
//! The crate knows how a component's bytes become a program: it compiles them, once. It does not know Python, nor what any
//! component does.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wasm_runtime::{Op, WasmRuntime};
//!
//! let runtime = WasmRuntime::builder().build()?;
//! let component = runtime.component_from_path("plugin.wasm").await?;
//! let echo = component.program([Op::new("echo")]).build().await?.function("echo")?;
//! let answer: String = echo.call("hello").await?;
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `runtime`, `compile` (one compilation for all who ask at once), `error`.

mod compile;
mod error;
mod runtime;

pub use artifact_embed::Archive;
pub use error::Error;
pub use runtime::{Builder, WasmRuntime};
pub use wit_wire_host::{
    Call, CleanState, Component, Discarded, Error as CallError, Function, HostcallContext,
    HostcallError, Hostcalls, Isolation, Limit, LimitExceeded, Limits, Mismatch, Op, Output,
    PROTOCOL_VERSION, Phase, PoolConfig, PoolStats, Profile, Program, ProgramBuilder, ProgramSize,
    Receipt, Shape, SnapshotError, Stream, telemetry,
};
