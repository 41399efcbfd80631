//! What a user's function is made from: an expression, a string of source, or the files of modules.
//!
//! It checks paths and names and turns sources into the op data that the guest understands. It
//! knows neither the runtime nor whether the source is valid Python: only the guest can say that.
//!
//! In reading order: `path` (how files are named), `folder` (reading those of a folder), `tree`
//! (files of modules), `python_source` (one function).

mod folder;
pub(crate) mod path;
mod python_source;
mod tree;

pub use python_source::PythonSource;
pub use tree::SourceTree;
