//! Run Python functions in a sandbox inside this process, each call on clean state.
//!
//! The crate knows Python source (lambdas, functions, modules and packages), how hostcalls become
//! Python modules, and Python's exceptions. It does not know WebAssembly: no type of the engine
//! appears in its API. CPython itself is part of the crate, compiled ahead of time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use python_runtime::{PythonRuntime, PythonSource};
//! use serde_json::json;
//!
//! let runtime = PythonRuntime::builder().build()?;
//! let source = PythonSource::from_path("../examples/functions", "hello:greet")?;
//! let greet = runtime.function(source).await?;
//! let greeting: String = greet.call(&json!({"name": "Ada"})).await?;
//! assert_eq!(greeting, "Hello, Ada!");
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! Each imports only from those above it.
//!
//! - `python_error`: Python's exceptions as data; `error`: why something could not be made
//! - `source`: what a function is made from
//! - `library`: what all functions may import
//! - `host_module`: hostcalls as Python functions
//! - `runtime`: functions, programs and sessions, in CPython

mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host_module;
mod library;
mod python_error;
mod runtime;
mod source;

pub use artifact_embed::{Archive, CacheFolder};
pub use error::{Error, NameProblem};
pub use host_module::{FunctionDescription, HostModule, ModuleDescription, write_stubs};
pub use python_error::{Frame, PythonError};
pub use runtime::{
    CellOutcome, PythonProgramBuilder, PythonRuntime, PythonRuntimeBuilder, PythonSession,
    Tracebacks,
};
pub use source::{PythonSource, SourceTree};
pub use wit_wire_host::{
    Awaited, BuildError, Call, CallError, CallEvent, CallOptions, CallStream, CleanedBy, Discarded,
    Durable, Function, HostcallContext, HostcallError, Hostcalls, Isolation, Limit, LimitExceeded,
    Limits, Output, ParkedCall, Payload, Phase, PoolConfig, PoolStats, Printable, Profile, Program,
    ProgramError, ProgramSize, Receipt, ResetPolicy, Resume, Session, Snapshot, SnapshotError,
    Stream, printable, telemetry,
};
