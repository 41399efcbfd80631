//! Hostcalls as Python functions: `from host import orders`.
//!
//! In reading order: `description` (what a module is, as data), `types` (the same as Python sees it), `schema` (from JSON
//! Schema to those types) with `tagged`, `python` (the text of the guest's modules and of the stubs).

mod description;
mod python;
mod schema;
mod tagged;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wit_wire_host::{HostBuilder, HostcallContext, HostcallError};

pub(crate) use description::check;
pub use description::{FunctionDescription, ModuleDescription};

use crate::error::Error;

/// Hostcalls that Python code imports as a module: `HostModule::new("orders")` is `from host import orders`.
///
/// - docstring: none
/// - functions: none
///
/// ```
/// use python_runtime::{HostModule, HostcallContext, HostcallError};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Find {
///     id: u64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Order {
///     id: u64,
///     note: Option<String>,
/// }
///
/// async fn find(_: HostcallContext, find: Find) -> Result<Order, HostcallError> {
///     Ok(Order { id: find.id, note: None })
/// }
///
/// // In Python: `orders.find(id=7)`.
/// let orders = HostModule::new("orders").doc("The shop's orders.").function("find", "Finds an order by its id.", find);
/// assert_eq!(orders.description().functions.len(), 1);
/// ```
pub struct HostModule {
    description: ModuleDescription,
    closures: Vec<Closure>,
}

/// Registers a closure, whose types only it knows.
type Closure = Box<dyn FnOnce(HostBuilder) -> HostBuilder + Send + Sync>;

impl HostModule {
    /// A module without functions. [`Builder::build`](crate::Builder::build) checks its name, which is one that Python
    /// can import: ASCII letters, digits and underscores, a letter first, no keyword.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            description: ModuleDescription {
                name: name.into(),
                doc: String::new(),
                functions: Vec::new(),
            },
            closures: Vec::new(),
        }
    }

    /// The module's docstring.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Self {
        self.description.doc = doc.into();
        self
    }

    /// Adds the function `name`, whose docstring is `doc`: the hostcall `MODULE.NAME`, answered by `closure`.
    ///
    /// The fields of a struct `I` are the function's parameters, in their order and by position or keyword; required ones
    /// that follow an optional one are by keyword alone. Optional ones that are not given are left out of the payload
    /// unless their default is a number, a text, a boolean or null, which the signature then shows. An `I` that is no such
    /// struct, or has a field whose name can't be a parameter's, is one parameter `payload`; `()` is none.
    ///
    /// What a struct `O` becomes is a `dict`, and a `TypedDict` in the stubs ([`stubs`]). The future is dropped when the
    /// call that made the hostcall is cancelled or runs out of time; a panic in it becomes a `HostcallError` `op_500`.
    #[must_use]
    pub fn function<I, O, F, Fut>(
        mut self,
        name: impl Into<String>,
        doc: impl Into<String>,
        closure: F,
    ) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send,
        O: Serialize + JsonSchema,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        let settings = SchemaSettings::draft2020_12;
        let function = FunctionDescription {
            name: name.into(),
            doc: doc.into(),
            input: schema::<I>(settings().for_deserialize()),
            output: schema::<O>(settings().for_serialize()),
        };
        let op = function.op(&self.description.name);
        self.description.functions.push(function);
        self.closures
            .push(Box::new(move |host| host.hostcall(op, closure)));
        self
    }

    /// The module as data.
    pub fn description(&self) -> &ModuleDescription {
        &self.description
    }

    /// Registers the functions with `host`.
    pub(crate) fn register(self, host: HostBuilder) -> (HostBuilder, ModuleDescription) {
        let register = |host, closure: Closure| closure(host);
        (
            self.closures.into_iter().fold(host, register),
            self.description,
        )
    }
}

/// The schema of a `T` by reference, so that each type has its name.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let mut generator = SchemaGenerator::new(settings);
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".into(), definitions.into());
    }
    schema.into()
}

/// The guest's package `host`, by path.
pub(crate) fn sources(modules: &[ModuleDescription]) -> BTreeMap<String, String> {
    python::files(modules, python::Form::Source)
}

/// All that is generated of `modules`: what runs, and the stubs.
#[cfg(any(test, fuzzing))]
pub(crate) fn texts(modules: &[ModuleDescription]) -> [BTreeMap<String, String>; 2] {
    [python::Form::Source, python::Form::Stub].map(|form| python::files(modules, form))
}

/// Writes the stubs of `modules` below `folder`, for editors and type checkers of the code that imports them:
/// `host/__init__.pyi`, `host/MODULE.pyi` and the same in `host/aio`. With mypy, `folder` belongs on `MYPYPATH`.
///
/// Returns the files that were not there or differed. Those of modules that are no more stay.
///
/// # Errors
///
/// [`Error::HostName`] before anything is written, [`Error::Write`] with the file.
pub fn stubs(modules: &[ModuleDescription], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    check(modules)?;
    let mut written = Vec::new();
    for (path, text) in python::files(modules, python::Form::Stub) {
        let path = folder.join(path);
        if fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
            continue;
        }
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(source) = made.and_then(|()| fs::write(&path, text)) {
            return Err(Error::Write { path, source });
        }
        written.push(path);
    }
    Ok(written)
}
