//! Programs of Python functions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use wit_wire_host::{Isolation, Limits, Op, Program, ProgramBuilder};

use crate::error::Error;
use crate::source::{PythonSource, SourceTree};

/// Which frames tracebacks contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Tracebacks {
    /// Frames of the user's files and of the libraries they call.
    #[default]
    Users,
    /// Also the guest's own frames, which call the function, convert its input and load its
    /// modules: for debugging the guest itself.
    All,
}

/// Configures a program of Python functions.
///
/// - isolation: [`Isolation::PerCall`]
/// - limits of loading the sources: those of the runtime
/// - concurrent calls: as many as there are interpreters
/// - lifetime of shared state: until a call ends its interpreter
///
/// ```no_run
/// # async fn example(runtime: python_runtime::PythonRuntime) -> Result<(), python_runtime::Error> {
/// use python_runtime::{PythonSource, SourceTree};
///
/// // Functions from one tree share its modules.
/// let tree = SourceTree::new().folder("app")?.glob("app", "**/*.json")?;
/// let program = runtime
///     .program()
///     .function("total", PythonSource::from_tree(tree.clone(), "shop.cart:total")?)
///     .function("refund", PythonSource::from_tree(tree, "shop.cart:refund")?)
///     .build()
///     .await?;
/// let total = program.function("total")?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct PythonProgramBuilder {
    inner: ProgramBuilder,
    /// The trees that earlier functions have brought.
    sent: Vec<Arc<SourceTree>>,
    /// Names of packages that no function has brought yet.
    packages: Option<Arc<[String]>>,
    tracebacks: Tracebacks,
}

impl PythonProgramBuilder {
    /// A program whose guest knows no package yet if `packages` are given, or one that was
    /// restored.
    pub(super) fn new(
        inner: ProgramBuilder,
        packages: Option<Arc<[String]>>,
        tracebacks: Tracebacks,
    ) -> Self {
        Self {
            inner,
            sent: Vec::new(),
            packages,
            tracebacks,
        }
    }

    /// Adds a function under a name that is unique in the program.
    pub fn function(mut self, name: impl Into<String>, source: PythonSource) -> Self {
        let fields = source.op_data(&mut self.sent);
        let packages = self.packages.take().unwrap_or_default();
        let data = op_data(fields, &packages, self.tracebacks);
        self.inner = self.inner.op(Op::new(name.into()).with_data(&data));
        self
    }

    /// Sets what calls can see of each other.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.inner = self.inner.isolation(isolation);
        self
    }

    /// Sets the limits of loading the sources.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.inner = self.inner.limits(limits);
        self
    }

    /// Sets how many calls of the program may run at the same time, which leaves interpreters to
    /// other programs.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.inner = self.inner.concurrency(calls);
        self
    }

    /// Sets how many calls of the program may be parked at once; one more fails. By default as many
    /// as the runtime may have.
    pub fn parked_calls(mut self, calls: usize) -> Self {
        self.inner = self.inner.parked_calls(calls);
        self
    }

    /// Sets how many bytes the states of the program's parked calls may take together; a call that
    /// would take more fails. By default as many as the runtime may have.
    pub fn parked_bytes(mut self, bytes: usize) -> Self {
        self.inner = self.inner.parked_bytes(bytes);
        self
    }

    /// Under [`Isolation::Shared`], discards the state after this many calls: the next call starts
    /// from the state after loading.
    pub fn max_calls(mut self, calls: u64) -> Self {
        self.inner = self.inner.max_calls(calls);
        self
    }

    /// Under [`Isolation::Shared`], discards the state after this time: the next call starts from
    /// the state after loading.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.inner = self.inner.max_age(age);
        self
    }

    /// Loads the sources, once for all calls, so that errors in them surface now.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a source fails to load, [`Error::Program`] if two functions have the
    /// same name, a limit is exceeded or no instance is available.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops loading and discards the program; the runtime stays usable.
    pub async fn build(self) -> Result<Program, Error> {
        Ok(self.inner.build().await?)
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build), and [`Error::Program`] on a thread that drives async tasks.
    pub fn build_blocking(self) -> Result<Program, Error> {
        Ok(self.inner.build_blocking()?)
    }
}

/// What the guest is told of an op: `fields`, and what holds for its program.
pub(super) fn op_data(
    mut fields: Map<String, Value>,
    packages: &[String],
    tracebacks: Tracebacks,
) -> Value {
    if !packages.is_empty() {
        let names = packages.iter().map(String::as_str).collect();
        fields.insert("library".into(), names);
    }
    if tracebacks == Tracebacks::All {
        fields.insert("tracebacks".into(), "full".into());
    }
    Value::Object(fields)
}

impl fmt::Debug for PythonProgramBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonProgramBuilder")
            .field("tracebacks", &self.tracebacks)
            .finish_non_exhaustive()
    }
}
