//! A host module as data, and which names it can have.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{IMPORTED, is_name};
use crate::error::{Error, NameProblem};

/// A [`HostModule`](crate::HostModule) as data, from which its Python source and stubs are
/// generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(deny_unknown_fields)]
pub struct ModuleDescription {
    /// The module's name: `orders` is `from host import orders`.
    pub name: String,
    /// Its docstring; empty if it has none.
    pub doc: String,
    /// Its functions, in the order in which they were added.
    pub functions: Vec<FunctionDescription>,
}

/// A function of a [`ModuleDescription`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(deny_unknown_fields)]
pub struct FunctionDescription {
    /// The function's name.
    pub name: String,
    /// Its docstring; empty if it has none.
    pub doc: String,
    /// The JSON Schema (draft 2020-12) of the input.
    pub input: Value,
    /// The JSON Schema (draft 2020-12) of the output.
    pub output: Value,
}

impl FunctionDescription {
    /// The hostcall's name on the wire.
    pub(super) fn op(&self, module: &str) -> String {
        format!("{module}.{}", self.name)
    }
}

/// Checks that all names are valid and unique.
pub(crate) fn check(modules: &[ModuleDescription]) -> Result<(), Error> {
    let mut names = Names::new(&["HostcallError", "aio"]);
    for module in modules {
        names.add(&module.name, || module.name.clone())?;
        let mut names = Names::new(IMPORTED);
        for function in &module.functions {
            names.add(&function.name, || function.op(&module.name))?;
        }
    }
    Ok(())
}

/// The names of one namespace.
struct Names<'a> {
    reserved: &'static [&'static str],
    known: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn new(reserved: &'static [&'static str]) -> Self {
        Self {
            reserved,
            known: BTreeSet::new(),
        }
    }

    fn add(&mut self, name: &'a str, shown: impl Fn() -> String) -> Result<(), Error> {
        let problem = if !is_name(name) {
            NameProblem::Identifier
        } else if self.reserved.contains(&name) {
            NameProblem::Reserved
        } else if !self.known.insert(name) {
            NameProblem::Duplicate
        } else {
            return Ok(());
        };
        Err(Error::HostName {
            name: shown(),
            problem,
        })
    }
}
