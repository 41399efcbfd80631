//! The runtime: components compiled, checked and ready for programs.

use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact_embed::{Archive, Backing, EngineConfig, FileIdentity, Loader};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wit_wire_host::{
    Component, Host, HostBuilder, HostcallContext, HostcallError, Hostcalls, Limits, PoolConfig,
    PoolStats,
};

use crate::compile::Compiler;
use crate::error::Error;

/// Compiles components and runs their functions. Cheap to clone.
///
/// ```no_run
/// # async fn example(upload: Vec<u8>) -> Result<(), wasm_runtime::Error> {
/// use wasm_runtime::{Isolation, Op, WasmRuntime};
///
/// // Of strangers' components: none that keeps the compiler busy for long.
/// let runtime = WasmRuntime::builder().largest_component(1 << 20).build()?;
/// let component = runtime.component(upload).await?;
///
/// let program = component.program([Op::new("visit")]).isolation(Isolation::Shared).build().await?;
/// let visits: u64 = program.function("visit")?.call(&()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WasmRuntime {
    loader: Loader,
    host: Host,
    compiler: Compiler,
    largest: usize,
}

/// Configures a [`WasmRuntime`].
///
/// - hostcalls: none
/// - limits: [`Limits::default`]
/// - pool of instances: [`PoolConfig::default`]
/// - cache folder for compiled components: `artifact-embed` in the user's own cache folder, 1 GiB at most
/// - largest component: 256 MiB
/// - no list of components' functions for `perf`
pub struct Builder {
    host: HostBuilder,
    cache: Option<Option<PathBuf>>,
    largest: usize,
    #[cfg(unix)]
    perf_map: bool,
}

impl Builder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde.
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

    /// How many instances there are, and how calls wait for them.
    #[must_use]
    pub fn pool(self, config: PoolConfig) -> Self {
        Self {
            host: self.host.pool(config),
            ..self
        }
    }

    /// Where compiled components are kept between processes. The folder is created for this user alone.
    #[must_use]
    pub fn cache_folder(self, folder: impl Into<PathBuf>) -> Self {
        Self {
            cache: Some(Some(folder.into())),
            ..self
        }
    }

    /// Keeps nothing between processes.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self {
            cache: Some(None),
            ..self
        }
    }

    /// The largest component that is accepted, in bytes. Time and memory of the compiler grow with it
    /// ([`WasmRuntime::component`]).
    #[must_use]
    pub fn largest_component(self, bytes: usize) -> Self {
        Self {
            largest: bytes,
            ..self
        }
    }

    /// Tells `perf` the functions of components, by their own names, in `/tmp/perf-PID.map`. Components are then compiled
    /// by each process, since code in the cache folder can't have names. Not on Windows.
    #[cfg(unix)]
    #[must_use]
    pub fn perf_map(self) -> Self {
        Self {
            perf_map: true,
            ..self
        }
    }

    /// Builds the runtime.
    pub fn build(self) -> Result<WasmRuntime, Error> {
        let mut loader = Loader::new(&EngineConfig::default())?;
        match self.cache {
            None => {}
            Some(Some(folder)) => loader = loader.with_cache_folder(folder),
            Some(None) => loader = loader.with_backings([Backing::Memfd, Backing::Memory]),
        }
        #[cfg(unix)]
        if self.perf_map {
            loader = loader.with_perf_map();
        }
        let host = self.host.build(loader.engine())?;
        Ok(WasmRuntime {
            loader,
            host,
            compiler: Compiler::default(),
            largest: self.largest,
        })
    }
}

impl WasmRuntime {
    /// A runtime to be.
    pub fn builder() -> Builder {
        Builder {
            host: Host::builder(),
            cache: None,
            largest: 256 << 20,
            #[cfg(unix)]
            perf_map: false,
        }
    }

    /// The component `bytes`, compiled if it was not before, and checked against the protocol.
    ///
    /// Compiling takes seconds for a large component. It happens on a thread for blocking work, and once for all who ask for
    /// the same bytes at the same time. Dropping the future stops the waiting and not the compiler.
    ///
    /// What is known to make small components large is refused ([`Error::Compile`]): sparse memory, functions without number, deep
    /// nesting. Beyond that, [`Builder::largest_component`] alone bounds what the compiler takes: on two busy cores 34 s and 2.3 GB
    /// for 6.5 MB of stores in one function, 6 s for 100,000 empty functions (0.4 MB). Where strangers bring components, choose
    /// that limit accordingly, or compile them in a process that may die and hand over archives.
    pub async fn component(&self, bytes: impl Into<Vec<u8>>) -> Result<Component, Error> {
        self.compile(bytes.into(), None).await
    }

    /// [`component`](Self::component) of a file. One that was compiled before and, by its size and times, did not change
    /// since is not read again: where the content was checked, hand over the bytes that were checked.
    pub async fn component_from_path(&self, path: impl AsRef<Path>) -> Result<Component, Error> {
        in_runtime()?;
        let (runtime, path) = (self.clone(), path.as_ref().to_owned());
        let read = tokio::task::spawn_blocking(move || runtime.read(&path));
        match read.await.map_err(|_| Error::Stopped)?? {
            Read::Known(component) => Ok(component),
            Read::Bytes(bytes, file) => self.compile(bytes, file).await,
        }
    }

    fn read(&self, path: &Path) -> Result<Read, Error> {
        let failed = |source| Error::Read {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let before = FileIdentity::of(&file);
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Error::TooLarge {
                bytes: length,
                limit: self.largest,
            });
        }
        if let Some((key, component)) = before
            .as_ref()
            .and_then(|file| self.loader.lookup_source(file))
        {
            let component = self.host.component(&component)?;
            return Ok(Read::Known(component.identified(key.as_str())));
        }
        let mut bytes = Vec::with_capacity(length);
        // It may be longer than it says: what is no regular file, or one that grows.
        let most = (self.largest as u64).saturating_add(1);
        (&file).take(most).read_to_end(&mut bytes).map_err(failed)?;
        let after = FileIdentity::of(&file);
        // One that changed meanwhile is neither the file from before nor the one from after.
        Ok(Read::Bytes(
            bytes,
            after.filter(|after| before.as_ref() == Some(after)),
        ))
    }

    async fn compile(
        &self,
        bytes: Vec<u8>,
        file: Option<FileIdentity>,
    ) -> Result<Component, Error> {
        check(&bytes, self.largest)?;
        in_runtime()?;
        self.compiler
            .component(&self.loader, &self.host, bytes, file)
            .await
    }

    /// A component that was compiled ahead of time.
    pub async fn precompiled(&self, archive: Archive<'static>) -> Result<Component, Error> {
        in_runtime()?;
        let runtime = self.clone();
        let load = tokio::task::spawn_blocking(move || {
            let component = runtime.loader.load(&archive)?.component;
            let identity = archive.header().identity();
            Ok(runtime.host.component(&component)?.identified(identity))
        });
        load.await.map_err(|_| Error::Stopped)?
    }

    /// What the instances do.
    pub fn stats(&self) -> PoolStats {
        self.host.stats()
    }

    /// Refuses new calls, waits for those under way, and gives back all idle instances.
    pub async fn shut_down(&self) {
        self.host.shut_down().await;
    }
}

/// What a file was found to be.
enum Read {
    /// A component that the cache has.
    Known(Component),
    /// The file's content, and which file it is, if that can be told.
    Bytes(Vec<u8>, Option<FileIdentity>),
}

/// Work for blocking threads needs a runtime that has them.
fn in_runtime() -> Result<(), Error> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(wit_wire_host::Error::NoRuntime.into()),
    }
}

/// What can be told from the first bytes.
fn check(bytes: &[u8], limit: usize) -> Result<(), Error> {
    let other = |found, remedy| Err(Error::NotAComponent { found, remedy });
    if bytes.len() > limit {
        return Err(Error::TooLarge {
            bytes: bytes.len(),
            limit,
        });
    }
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => other(
            "a core module",
            "build it for wasm32-wasip2, or wrap it with `wasm-tools component new`",
        ),
        [0, b'a', b's', b'm', ..] => other(
            "WebAssembly of another version",
            "build it with tools for the component model's released version",
        ),
        [0x7f, b'E', b'L', b'F', ..] => other(
            "a native binary or precompiled code",
            "hand over the component itself, or an archive with `precompiled`",
        ),
        [0x89, b'W', b'A', b'O', b'T', ..] => other("an archive", "load it with `precompiled`"),
        [] => other("an empty file", "was it built?"),
        _ => other(
            "no WebAssembly binary",
            "build a component, such as with `cargo build --target wasm32-wasip2`",
        ),
    }
}
