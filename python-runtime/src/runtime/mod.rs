//! CPython loaded and ready to run, and programs of Python functions.
//!
//! It joins the floors below: the embedded guest, the library of packages and the host modules make
//! a runtime, sources make a program. It knows how these travel to the guest (op data, files), but
//! nothing about WebAssembly beyond passing a component from the loader to the host.
//!
//! In reading order: `program` (functions with shared modules), `python_runtime` (what users hold),
//! `session` (cells that share a namespace), `builder` (how a runtime is configured and loaded).

mod builder;
mod program;
mod python_runtime;
mod session;

pub use builder::PythonRuntimeBuilder;
pub use program::{PythonProgramBuilder, Tracebacks};
pub use python_runtime::PythonRuntime;
pub use session::{CellOutcome, PythonSession};
