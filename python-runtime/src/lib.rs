//! Run Python functions in a sandbox inside this process, each call on clean state.
//!
//! The crate knows Python source: lambdas, functions and modules of many files, and Python's errors. It does not know
//! WebAssembly: nothing of an engine shows in its API. CPython itself is part of the crate, compiled ahead of time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use python_runtime::{PythonRuntime, PythonSource};
//! use serde_json::json;
//!
//! let runtime = PythonRuntime::builder().build()?;
//! let greet = runtime.function(PythonSource::from_path("../examples/functions", "hello:greet")?).await?;
//! let greeting: String = greet.call(&json!({"name": "Ada"})).await?;
//! assert_eq!(greeting, "Hello, Ada!");
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `source` (what a function is made from), `tree` (the files of a module), `packages` (that all functions may import),
//! `runtime` (functions and programs), `host_module` (hostcalls as Python functions), `error`.

mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host_module;
mod packages;
mod runtime;
mod source;
mod tree;

pub use artifact_embed::Archive;
pub use error::{Error, Frame, PythonError};
pub use host_module::{FunctionDescription, HostModule, ModuleDescription, stubs};
pub use runtime::{Builder, ProgramBuilder, PythonRuntime, Tracebacks};
pub use source::PythonSource;
pub use tree::SourceTree;
pub use wit_wire_host::{
    Call, CleanState, Discarded, Error as CallError, Function, HostcallContext, HostcallError,
    Hostcalls, Isolation, Limit, LimitExceeded, Limits, Output, Phase, PoolConfig, PoolStats,
    Profile, Program, ProgramSize, Receipt, SnapshotError, Stream, telemetry,
};
