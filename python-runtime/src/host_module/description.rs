//! What a host module is, as data, and which names it can have.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types::IMPORTED;
use crate::error::Error;

/// A [`HostModule`](super::HostModule) as data, from which its Python source and stubs are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleDescription {
    /// The module's name: `orders` is `from host import orders`.
    pub name: String,
    /// Its docstring; empty for none.
    pub doc: String,
    /// Its functions, in the order in which they were added.
    pub functions: Vec<FunctionDescription>,
}

/// A function of a [`ModuleDescription`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionDescription {
    /// The function's name.
    pub name: String,
    /// Its docstring; empty for none.
    pub doc: String,
    /// The JSON Schema (draft 2020-12) of what the host takes.
    pub input: Value,
    /// The JSON Schema of what the host answers.
    pub output: Value,
}

impl FunctionDescription {
    /// The hostcall's name on the wire.
    pub(super) fn op(&self, module: &str) -> String {
        format!("{module}.{}", self.name)
    }
}

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Whether Python code can use `name` for something public. Names that begin with an underscore are left to the generated
/// code, and Python takes some letters outside ASCII for others.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}

/// Refuses names that can't be, and those given twice.
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
            "want ASCII letters, digits and underscores, a letter first, and no keyword of Python"
        } else if self.reserved.contains(&name) {
            "the generated code has another use for this name"
        } else if !self.known.insert(name) {
            "it is there twice"
        } else {
            return Ok(());
        };
        Err(Error::HostName {
            name: shown(),
            problem,
        })
    }
}
