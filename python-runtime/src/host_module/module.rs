//! A host module as the embedder builds it, of closures.

use std::fmt;
use std::future::Future;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wit_wire_host::{HostBuilder, HostcallContext, HostcallError};

use super::description::{FunctionDescription, ModuleDescription};

/// Hostcalls that Python code imports as a module, as in `from host import orders`.
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
/// let orders = HostModule::new("orders")
///     .doc("The shop's orders.")
///     .function("find", "Finds an order by its id.", find);
/// assert_eq!(orders.description().functions.len(), 1);
/// ```
pub struct HostModule {
    description: ModuleDescription,
    closures: Vec<Closure>,
}

/// Registers a closure with a host. Hides the closure's types.
type Closure = Box<dyn FnOnce(HostBuilder) -> HostBuilder + Send + Sync>;

impl HostModule {
    /// A module without functions. Its name has to be a Python identifier in ASCII that begins with
    /// a letter and is not a keyword;
    /// [`PythonRuntimeBuilder::build`](crate::PythonRuntimeBuilder::build) checks that.
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

    /// Sets the module's docstring.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Self {
        self.description.doc = doc.into();
        self
    }

    /// Adds the function `name` with the docstring `doc`: the hostcall `MODULE.NAME`, answered by
    /// `closure`.
    ///
    /// The fields of a struct `I` become the function's parameters, in their order, by position or
    /// keyword; a required field after an optional one becomes keyword-only. The signature shows a
    /// default that is a number, string, boolean or null; a parameter with any other default is
    /// omitted from the payload if the caller does not pass it. Any other `I`, or a struct with a
    /// field whose name is not valid for a parameter, becomes one parameter `payload`. `()` becomes
    /// no parameter.
    ///
    /// A struct `O` becomes a `dict`, and a `TypedDict` in the stubs
    /// ([`write_stubs`](crate::write_stubs)).
    ///
    /// The future is dropped when the call that made the hostcall is cancelled or exceeds a time
    /// limit. A panic in it becomes a `HostcallError` with the code `op_500`.
    #[must_use]
    pub fn function<I, O, F, Fut>(
        mut self,
        name: impl Into<String>,
        doc: impl Into<String>,
        closure: F,
    ) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
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

    /// The module as data, from which stubs can be written.
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

/// The schema of a `T`, with types by reference so that each has its name.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let mut generator = SchemaGenerator::new(settings);
    let mut schema = generator.subschema_for::<T>();
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".into(), definitions.into());
    }
    schema.into()
}

impl fmt::Debug for HostModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostModule")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
