//! The runtime: CPython ready to run, and programs of Python functions.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact_embed::{Archive, Embedded, EngineConfig, Loader};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wit_wire_host::{
    Component, Function, Host, HostBuilder, HostcallContext, HostcallError, Hostcalls, Isolation,
    Limits, Op, PoolConfig, PoolStats, Program,
};

use crate::error::Error;
use crate::host_module::{self, HostModule, ModuleDescription};
use crate::packages::Packages;
use crate::source::PythonSource;
use crate::tree::SourceTree;

static GUEST: Embedded = artifact_embed::embedded!("python");

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
    host: Host,
    pub(crate) guest: Component,
    /// The names that the packages have at the top.
    packages: Arc<[String]>,
    modules: Arc<[ModuleDescription]>,
    tracebacks: Tracebacks,
    cache_problem: Option<Arc<str>>,
}

/// Which frames tracebacks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tracebacks {
    /// Those of the user's own files, and of the libraries that these call.
    #[default]
    Users,
    /// Also those that call the function, convert its input and load its modules: for whoever suspects the guest itself.
    All,
}

/// Configures a [`PythonRuntime`].
///
/// - guest: the one embedded in this crate
/// - cache folder: `artifact-embed` in the user's own cache folder
/// - hostcalls: none
/// - packages: none
/// - host modules: none
/// - limits: [`Limits::default`]
/// - pool of interpreters: [`PoolConfig::default`]
/// - tracebacks: [`Tracebacks::Users`]
/// - no list of the interpreter's functions for `perf`
pub struct Builder {
    host: HostBuilder,
    modules: Vec<ModuleDescription>,
    archive: Option<Archive<'static>>,
    cache_folder: Option<PathBuf>,
    packages: Vec<PathBuf>,
    tracebacks: Tracebacks,
    #[cfg(unix)]
    perf_map: bool,
}

impl Builder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde. In Python it is
    /// `ctx.hostcall("op", input)`.
    #[must_use]
    pub fn hostcall<I, O, F, Fut>(self, op: impl Into<String>, closure: F) -> Self
    where
        I: DeserializeOwned + Send,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        Self {
            host: self.host.hostcall(op, closure),
            ..self
        }
    }

    /// Answers the hostcalls of `module`, which Python code imports from the package `host`. With any module, the name `host`
    /// is no longer free for sources.
    #[must_use]
    pub fn host_module(mut self, module: HostModule) -> Self {
        let (host, description) = module.register(self.host);
        self.modules.push(description);
        Self { host, ..self }
    }

    /// Answers the hostcalls that no closure was registered for.
    #[must_use]
    pub fn hostcalls(self, hostcalls: impl Hostcalls) -> Self {
        Self {
            host: self.host.hostcalls(hostcalls),
            ..self
        }
    }

    /// The limits of calls that bring none of their own.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self {
            host: self.host.limits(limits),
            ..self
        }
    }

    /// How many interpreters there are, and how calls wait for them.
    #[must_use]
    pub fn pool(self, config: PoolConfig) -> Self {
        Self {
            host: self.host.pool(config),
            ..self
        }
    }

    /// Another guest than the embedded one: an archive of a component that speaks the same protocol.
    #[must_use]
    pub fn archive(self, archive: Archive<'static>) -> Self {
        Self {
            archive: Some(archive),
            ..self
        }
    }

    /// Packages that all functions may import: a wheel, or a folder such as a virtual environment's `site-packages`. A program
    /// that imports one compiles its modules once, when it is built; a guest that has them compiled is quicker
    /// (`cargo xtask build-guest --requirements`). What is given here goes before what the guest has.
    ///
    /// Only Python code runs. A wheel with native code is refused when the runtime is built. In a folder such files
    /// are passed over, since nobody may want them: importing one is a `ModuleNotFoundError` that names it, after which
    /// many packages go on without. Of `.pth` files, and so of editable installs, nothing is seen.
    #[must_use]
    pub fn packages(mut self, path: impl Into<PathBuf>) -> Self {
        self.packages.push(path.into());
        self
    }

    /// Where the guest's code is cached between processes. The folder is created for this user alone.
    #[must_use]
    pub fn cache_folder(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            cache_folder: Some(folder.into()),
            ..self
        }
    }

    /// Which frames tracebacks have. A program that is restored from a snapshot has those that it was built with.
    #[must_use]
    pub fn tracebacks(self, tracebacks: Tracebacks) -> Self {
        Self { tracebacks, ..self }
    }

    /// Tells `perf` the interpreter's own functions, by the names that they have in C, in `/tmp/perf-PID.map`. Each start of
    /// the process then takes some 80 ms more, since code in the cache folder can't have names. Not on Windows.
    #[cfg(unix)]
    #[must_use]
    pub fn perf_map(self) -> Self {
        Self {
            perf_map: true,
            ..self
        }
    }

    /// Loads the guest. Blocks: a few milliseconds once it is cached, a good part of a second before.
    pub fn build(self) -> Result<PythonRuntime, Error> {
        host_module::check(&self.modules)?;
        let archive = match self.archive {
            Some(archive) => archive,
            None => GUEST.archive()?,
        };
        let mut loader = Loader::new(&EngineConfig::default())?;
        if let Some(folder) = self.cache_folder {
            loader = loader.with_cache_folder(folder);
        }
        #[cfg(unix)]
        if self.perf_map {
            loader = loader.with_perf_map();
        }
        let loaded = loader.load(&archive)?;
        let mut identity = archive.header().identity();
        let mut packages = Packages::default();
        for path in &self.packages {
            packages.add(path)?;
        }
        if !packages.files.is_empty() {
            identity = format!("{identity} with packages {}", packages.digest());
        }
        if !self.modules.is_empty() {
            packages.host_modules(host_module::sources(&self.modules))?;
        }
        let tops = packages.tops();
        let host = self.host.files(packages.files).build(loader.engine())?;
        let guest = host.component(&loaded.component)?.identified(identity);
        let cache_problem = loaded.skipped.first().map(|error| {
            let source = std::error::Error::source(error)
                .map_or_else(String::new, |source| format!(": {source}"));
            format!("{error}{source}").into()
        });
        Ok(PythonRuntime {
            host,
            guest,
            packages: tops.into(),
            modules: self.modules.into(),
            tracebacks: self.tracebacks,
            cache_problem,
        })
    }
}

impl PythonRuntime {
    /// A runtime to be.
    pub fn builder() -> Builder {
        Builder {
            host: Host::builder(),
            modules: Vec::new(),
            archive: None,
            cache_folder: None,
            packages: Vec::new(),
            tracebacks: Tracebacks::default(),
            #[cfg(unix)]
            perf_map: false,
        }
    }

    /// Whether this build has a guest embedded; without one, only [`Builder::archive`] works.
    pub fn is_embedded() -> bool {
        GUEST.is_present()
    }

    /// Why the guest was not loaded from the cache folder, if it was not. It works all the same; each start of a process then
    /// takes the time that only the first should.
    pub fn cache_problem(&self) -> Option<&str> {
        self.cache_problem.as_deref()
    }

    /// The host modules that were added, in that order. Serialised as JSON, they are what `cargo xtask stubs` reads.
    pub fn host_modules(&self) -> &[ModuleDescription] {
        &self.modules
    }

    /// A program of one function, each of whose calls sees clean state.
    ///
    /// Loads the source once, so that what is wrong with it is known now.
    pub async fn function(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build().await?;
        Ok(program.function(&name)?)
    }

    /// [`function`](Self::function) for threads outside async runtimes.
    pub fn function_blocking(&self, source: PythonSource) -> Result<Function, Error> {
        let name = source.name().to_owned();
        let program = self.program().function(&name, source).build_blocking()?;
        Ok(program.function(&name)?)
    }

    /// A program of several functions, which may share modules.
    pub fn program(&self) -> ProgramBuilder {
        ProgramBuilder {
            inner: self.guest.program([]),
            sent: Vec::new(),
            packages: Some(self.packages.clone()),
            tracebacks: self.tracebacks,
        }
    }

    /// The program that was kept as `snapshot` by [`Program::snapshot`], in this process or another one with the same guest:
    /// no source is loaded again. Functions that are added to it have all sources loaded.
    pub fn restore(&self, snapshot: &[u8]) -> Result<ProgramBuilder, Error> {
        Ok(ProgramBuilder {
            inner: self.guest.restore(snapshot)?,
            sent: Vec::new(),
            packages: None,
            tracebacks: self.tracebacks,
        })
    }

    /// Starts `count` interpreters ahead of the first calls.
    pub async fn warm(&self, count: usize) -> Result<(), Error> {
        Ok(self.guest.warm(count).await?)
    }

    /// What the interpreters do.
    pub fn stats(&self) -> PoolStats {
        self.host.stats()
    }

    /// Refuses new calls, waits for those under way, and gives back all idle interpreters.
    pub async fn shut_down(&self) {
        self.host.shut_down().await;
    }
}

/// Configures a program of Python functions.
///
/// ```no_run
/// # async fn example(runtime: python_runtime::PythonRuntime) -> Result<(), python_runtime::Error> {
/// use python_runtime::{PythonSource, SourceTree};
///
/// // Functions of one tree share its modules.
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
///
/// - isolation: [`Isolation::PerCall`]
/// - limits of loading the sources: the runtime's
/// - calls at once: as many as there are interpreters
/// - shared state lives until a call ends its interpreter
pub struct ProgramBuilder {
    inner: wit_wire_host::ProgramBuilder,
    /// What earlier functions brought along.
    sent: Vec<Arc<SourceTree>>,
    /// The names of packages, until a function has brought them along.
    packages: Option<Arc<[String]>>,
    tracebacks: Tracebacks,
}

impl ProgramBuilder {
    /// Adds a function under a name that is the program's own.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, source: PythonSource) -> Self {
        let mut data = source.op_data(&mut self.sent);
        if let Some(packages) = self.packages.take_if(|packages| !packages.is_empty())
            && let Some(fields) = data.as_object_mut()
        {
            let names = packages.iter().map(String::as_str).collect();
            fields.insert("library".into(), names);
        }
        if self.tracebacks == Tracebacks::All
            && let Some(fields) = data.as_object_mut()
        {
            fields.insert("tracebacks".into(), "full".into());
        }
        let op = Op::new(name.into()).data(&data);
        self.inner = self.inner.op(op);
        self
    }

    /// What calls see of each other.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.inner = self.inner.isolation(isolation);
        self
    }

    /// The limits of loading the sources.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.inner = self.inner.limits(limits);
        self
    }

    /// How many calls of the program may be at work at once, so that it leaves interpreters to others.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.inner = self.inner.concurrency(calls);
        self
    }

    /// Under [`Isolation::Shared`], after how many calls the state is given up and the next call begins anew.
    #[must_use]
    pub fn max_calls(mut self, calls: u64) -> Self {
        self.inner = self.inner.max_calls(calls);
        self
    }

    /// Under [`Isolation::Shared`], after how much time the state is given up and the next call begins anew.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.inner = self.inner.max_age(age);
        self
    }

    /// Loads the sources, once for all calls. What is wrong with them is known now and not at the first call.
    pub async fn build(self) -> Result<Program, Error> {
        Ok(self.inner.build().await?)
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    pub fn build_blocking(self) -> Result<Program, Error> {
        Ok(self.inner.build_blocking()?)
    }
}
