//! The runtime as users hold it: components compiled, checked and ready for programs.

use std::fmt;
use std::path::Path;

use artifact_embed::{Archive, FileIdentity, Loader};
use tokio::runtime::Handle;
use wit_wire_host::{Component, Host, PoolStats};

use crate::compile::Compilations;
use crate::component_file::ComponentFile;
use crate::error::Error;
use crate::sniff::check_component;

/// Compiles components and runs their functions. Cheap to clone.
///
/// ```no_run
/// # async fn example(upload: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use wasm_runtime::{CompileLimits, Isolation, Op, WasmRuntime};
///
/// let limits = CompileLimits::default().cpu_time(Duration::from_secs(3));
/// let runtime = WasmRuntime::builder().compile_limits(limits).build()?;
/// let component = runtime.component(upload).await?;
///
/// let program = component.program([Op::new("visit")]).isolation(Isolation::Shared).build().await?;
/// let visits: u64 = program.function("visit")?.call(&()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WasmRuntime {
    pub(crate) loader: Loader,
    pub(crate) host: Host,
    pub(crate) compilations: Compilations,
    pub(crate) max_component_bytes: usize,
}

impl WasmRuntime {
    /// Compiles the component `bytes` unless the cache has it, and checks it against the protocol.
    ///
    /// Compiling a large component takes seconds. It happens in a process of its own
    /// ([`Compiler`](crate::Compiler)), within
    /// [`CompileLimits`](crate::CompileLimits), and once for all tasks that pass the same bytes at
    /// the same time. What exceeded these limits is refused for another minute without an attempt.
    ///
    /// # Errors
    ///
    /// - [`Error::NotAComponent`], [`Error::TooLarge`]: the bytes are rejected before compiling
    /// - [`Error::Compile`]: the component does not compile, or is known to expand too much when it
    ///   is compiled: sparse memory, great numbers of functions, deep nesting
    /// - [`Error::CompileLimit`]: compiling it takes more than is allowed, or too many compilations
    ///   wait
    /// - [`Error::CompilerStart`], [`Error::CompilerFailed`]: there is something wrong with the
    ///   process that compiles, and not with the component
    /// - [`Error::Host`]: it does not speak the protocol, or imports what the host does not offer
    /// - [`Error::NoRuntime`]: there is no tokio runtime here
    /// - [`Error::Stopped`]: the async runtime shut down
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting. The compilation goes on for other tasks that wait for
    /// it; when there are none, its process is killed. In this process
    /// ([`Compiler::InProcess`](crate::Compiler::InProcess)) it goes on for the cache.
    pub async fn component(&self, bytes: impl Into<Vec<u8>>) -> Result<Component, Error> {
        self.compile(bytes.into(), None).await
    }

    /// Compiles the component in a file, like [`component`](Self::component).
    ///
    /// A file that was compiled before is not read again if its size and times show no change. If
    /// somebody else can write to the file and its content was checked, pass the checked bytes to
    /// `component` instead.
    ///
    /// # Errors
    ///
    /// Those of [`component`](Self::component), and [`Error::Read`].
    ///
    /// # Cancel safety
    ///
    /// As for [`component`](Self::component).
    pub async fn component_from_path(&self, path: impl AsRef<Path>) -> Result<Component, Error> {
        let path = path.as_ref().to_owned();
        let open = move |runtime: Self| {
            let (loader, host) = (&runtime.loader, &runtime.host);
            ComponentFile::open(&path, runtime.max_component_bytes, loader, host)
        };
        match self.on_blocking_thread(open).await? {
            ComponentFile::Cached(component) => Ok(component),
            ComponentFile::Uncached { bytes, identity } => self.compile(bytes, identity).await,
        }
    }

    /// Loads a component that was compiled ahead of time.
    ///
    /// # Errors
    ///
    /// - [`Error::Compile`]: the archive is damaged or was made for another machine or release
    /// - [`Error::Host`], [`Error::Stopped`]: as for [`component`](Self::component)
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, but not the loading.
    pub async fn component_from_archive(
        &self,
        archive: Archive<'static>,
    ) -> Result<Component, Error> {
        self.on_blocking_thread(move |runtime| {
            let component = runtime.loader.load(&archive)?.component;
            let identity = archive.header().identity();
            Ok(runtime.host.component(&component)?.with_identity(identity))
        })
        .await
    }

    /// What the instances are doing, in numbers.
    pub fn stats(&self) -> PoolStats {
        self.host.stats()
    }

    /// Rejects new calls, waits for those in progress, and releases all idle instances.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting; new calls stay rejected.
    pub async fn shut_down(&self) {
        self.host.shut_down().await;
    }

    /// Compiles `bytes`, read from the file `identity` if they were.
    async fn compile(
        &self,
        bytes: Vec<u8>,
        identity: Option<FileIdentity>,
    ) -> Result<Component, Error> {
        if bytes.len() > self.max_component_bytes {
            return Err(Error::TooLarge {
                bytes: bytes.len(),
                limit: self.max_component_bytes,
            });
        }
        check_component(&bytes).map_err(|found| Error::NotAComponent { found })?;
        check_async_runtime()?;
        let (loader, host) = (&self.loader, &self.host);
        let compilations = &self.compilations;
        compilations.component(loader, host, bytes, identity).await
    }

    async fn on_blocking_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        check_async_runtime()?;
        let runtime = self.clone();
        let work = tokio::task::spawn_blocking(move || work(runtime));
        work.await.map_err(|_| Error::Stopped)?
    }
}

/// Threads for blocking work come from a tokio runtime, and asking for one without it would panic.
fn check_async_runtime() -> Result<(), Error> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::NoRuntime),
    }
}

impl fmt::Debug for WasmRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmRuntime")
            .field("max_component_bytes", &self.max_component_bytes)
            .finish_non_exhaustive()
    }
}
