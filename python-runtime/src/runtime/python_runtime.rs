//! The runtime as users hold it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use wit_wire_host::{Component, Function, Host, Payload, PoolStats, Resume, Snapshot};

use super::program::{PythonProgramBuilder, Tracebacks};
use super::session::Sessions;
use crate::error::Error;
use crate::host_module::ModuleDescription;
use crate::source::PythonSource;

/// CPython, loaded once, for any number of functions. Cheap to clone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use python_runtime::{HostcallContext, HostcallError, PythonRuntime, PythonSource};
///
/// let price = async |_: HostcallContext, sku: String| Ok::<_, HostcallError>(sku.len() as f64);
/// let runtime = PythonRuntime::builder().hostcall("price", price).build()?;
///
/// let source = "lambda skus, ctx: sum(ctx.hostcall('price', sku) for sku in skus)";
/// let total = runtime.function(PythonSource::lambda(source)).await?;
/// assert_eq!(total.call::<_, f64>(&["tea", "milk"]).await?, 7.0);
///
/// runtime.shut_down().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PythonRuntime {
    pub(super) host: Host,
    pub(crate) guest: Component,
    /// Top-level names of the packages.
    pub(super) packages: Arc<[String]>,
    pub(super) modules: Arc<[ModuleDescription]>,
    pub(super) tracebacks: Tracebacks,
    pub(super) cache_problem: Option<Arc<str>>,
    pub(super) sessions: Arc<Sessions>,
}

impl PythonRuntime {
    /// Why the guest was not loaded from the cache folder, if it was not. The runtime works all the
    /// same, but each start of a process takes as long as the first.
    pub fn cache_problem(&self) -> Option<&str> {
        self.cache_problem.as_deref()
    }

    /// The host modules, in the order in which they were added. Serialised as JSON, they are the
    /// input of `cargo xtask stubs`.
    pub fn host_modules(&self) -> &[ModuleDescription] {
        &self.modules
    }

    /// Loads the source of one function, so that errors in it surface now. Each call sees clean
    /// state.
    ///
    /// # Errors
    ///
    /// Those of [`PythonProgramBuilder::build`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops loading and discards the function; the runtime stays usable.
    pub async fn function(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build().await?;
        Ok(program.function(&name)?)
    }

    /// [`function`](Self::function) for threads outside async runtimes.
    ///
    /// # Errors
    ///
    /// Those of [`PythonProgramBuilder::build_blocking`].
    pub fn function_blocking(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build_blocking()?;
        Ok(program.function(&name)?)
    }

    /// Starts a program of several functions, which may share modules.
    pub fn program(&self) -> PythonProgramBuilder {
        PythonProgramBuilder::new(
            self.guest.program([]),
            Some(self.packages.clone()),
            self.tracebacks,
        )
    }

    /// Restores the program that [`Program::snapshot`](crate::Program::snapshot) saved, in this
    /// process or in another one with the same guest and packages. No source is loaded again,
    /// unless functions are added: then all are.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if the snapshot is one of another guest or release.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<PythonProgramBuilder, Error> {
        let program = self.guest.restore(snapshot)?;
        Ok(PythonProgramBuilder::new(program, None, self.tracebacks))
    }

    /// Goes on with a durable call that [`ParkedCall::to_bytes`](crate::ParkedCall::to_bytes)
    /// stored, in this process or in another one with the same guest and packages.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if the bytes are not such a call, were damaged, or are of another guest
    /// or release.
    pub fn resume(&self, bytes: impl Into<Bytes>) -> Result<Resume<Payload>, Error> {
        Ok(self.guest.resume(bytes)?)
    }

    /// Starts `count` interpreters ahead of the first calls.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if an interpreter could not be started.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops starting more; interpreters that are ready stay.
    pub async fn warm(&self, count: usize) -> Result<(), Error> {
        Ok(self.guest.warm(count).await?)
    }

    /// What the interpreters are doing, in numbers.
    pub fn stats(&self) -> PoolStats {
        self.host.stats()
    }

    /// Rejects new calls, waits for those in progress, parked ones among them, and releases all
    /// idle interpreters.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; new calls stay rejected.
    pub async fn shut_down(&self) {
        self.host.shut_down().await;
    }
}

impl PythonRuntime {
    /// Shuts down without waiting for calls that are parked: they end with
    /// [`CallError::HandedOver`](crate::CallError::HandedOver) for their callers, and are returned
    /// as bytes with which they go on elsewhere, as durable calls ([`resume`](Self::resume)). Who
    /// resumes one answers its hostcalls, also those that were begun here.
    ///
    /// Calls of sessions, and calls that hostcalls make, are waited for.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the calls that have ended by then.
    pub async fn hand_over(&self) -> Vec<Bytes> {
        self.host.hand_over().await
    }
}

impl fmt::Debug for PythonRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonRuntime")
            .field("packages", &self.packages)
            .field("tracebacks", &self.tracebacks)
            .field("cache_problem", &self.cache_problem)
            .finish_non_exhaustive()
    }
}
