//! Run Python functions in a sandbox inside this process, each call on clean state.
//!
//! The crate knows Python source: lambdas, functions and modules of many files, and Python's errors. It does not know
//! WebAssembly: nothing of an engine shows in its API. CPython itself is part of the crate, compiled ahead of time.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use python_runtime::{PythonRuntime, PythonSource};
//! use serde_json::json;
//!
//! let runtime = PythonRuntime::builder().build()?;
//! let greet = runtime.function(PythonSource::from_path("examples", "hello:greet")?).await?;
//! let greeting: String = greet.call(&json!({"name": "Ada"})).await?;
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `source` (what a function is made from), `tree` (the files of a module), `library` (packages),
//! `runtime` (functions and programs), `host_module` (hostcalls as Python functions), `error`.

mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host_module;
mod library;
mod runtime;
mod source;
mod tree;

pub use artifact_embed::Archive;
pub use error::{Error, Frame, PythonError};
pub use host_module::{FunctionDescription, HostModule, ModuleDescription, stubs};
pub use runtime::{Builder, ProgramBuilder, PythonRuntime};
pub use source::PythonSource;
pub use tree::SourceTree;
pub use wit_wire_host::{
    Call, CleanState, Discarded, Error as CallError, Function, HostcallContext, HostcallError,
    Hostcalls, Isolation, Limit, LimitExceeded, Limits, Output, Phase, PoolConfig, PoolStats,
    Program, ProgramSize, Receipt, SnapshotError, Stream,
};

/// The example of this crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct OfTheCrate;

/// The README's example, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the documentation of Python functions.
#[cfg(doctest)]
#[doc = include_str!("../../docs/python.md")]
struct PythonFunctions;
