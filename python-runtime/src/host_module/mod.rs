//! Hostcalls as Python functions: `from host import orders`.
//!
//! It turns closures with JSON Schemas into the source of Python modules and into stubs for them.
//! It knows Python's syntax and JSON Schema, but neither the runtime that serves the modules nor
//! what the functions do.
//!
//! In reading order: `names` (valid and reserved ones), `description` (a module as data), `module`
//! (how the embedder builds one), `types` (a module as Python sees it), `json_schema`, `tagged` and
//! `schema` (from JSON Schema to those types), `literal` and `python` (from those types to Python
//! source), `stubs`.

mod description;
mod json_schema;
mod literal;
mod module;
mod names;
mod python;
mod schema;
mod stubs;
mod tagged;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;

pub(crate) use description::check;
pub use description::{FunctionDescription, ModuleDescription};
pub use module::HostModule;
pub use stubs::write_stubs;

/// The name of the package that contains the modules.
pub(crate) const PACKAGE: &str = "host";

/// The source of the package that contains `modules`, by path.
pub(crate) fn sources(modules: &[ModuleDescription]) -> BTreeMap<String, String> {
    python::files(modules, python::Form::Source)
}

/// Everything that is generated for `modules`: source and stubs.
#[cfg(any(test, fuzzing))]
pub(crate) fn generated(modules: &[ModuleDescription]) -> [BTreeMap<String, String>; 2] {
    [python::Form::Source, python::Form::Stub].map(|form| python::files(modules, form))
}
