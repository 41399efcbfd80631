//! How a runtime is configured and loaded.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use artifact_embed::{Archive, CacheFolder, Embedded, EngineConfig, Loader};
use wit_wire_host::{Host, HostBuilder, forward_host_builder};

use super::program::Tracebacks;
use super::python_runtime::PythonRuntime;
use crate::error::Error;
use crate::host_module::{self, HostModule, ModuleDescription};
use crate::library::{self, Library};

static GUEST: Embedded = artifact_embed::embedded!("python");

/// Configures a [`PythonRuntime`].
///
/// - guest: the one embedded in this crate
/// - cache folder: [`CacheFolder::UserDefault`]
/// - hostcalls: none
/// - packages: none
/// - host modules: none
/// - limits: [`Limits::default`](crate::Limits::default)
/// - pool of interpreters: [`PoolConfig::default`](crate::PoolConfig::default)
/// - tracebacks: [`Tracebacks::Users`]
/// - map of the interpreter's functions for `perf`: not written
#[must_use]
pub struct PythonRuntimeBuilder {
    host: HostBuilder,
    modules: Vec<ModuleDescription>,
    archive: Option<Archive<'static>>,
    cache: CacheFolder,
    packages: Vec<PathBuf>,
    tracebacks: Tracebacks,
    #[cfg(unix)]
    perf_map: bool,
}

impl PythonRuntime {
    /// Returns a builder with the defaults listed on [`PythonRuntimeBuilder`].
    pub fn builder() -> PythonRuntimeBuilder {
        PythonRuntimeBuilder {
            host: Host::builder(),
            modules: Vec::new(),
            archive: None,
            cache: CacheFolder::default(),
            packages: Vec::new(),
            tracebacks: Tracebacks::default(),
            #[cfg(unix)]
            perf_map: false,
        }
    }

    /// Whether this build embeds a guest. Without one, a runtime needs
    /// [`PythonRuntimeBuilder::archive`].
    pub fn has_embedded_guest() -> bool {
        GUEST.is_present()
    }
}

forward_host_builder!(PythonRuntimeBuilder);

impl PythonRuntimeBuilder {
    /// Answers the hostcalls of `module`, which Python code imports from the package `host`. With
    /// any host module, sources cannot use the name `host` for a module of their own.
    pub fn host_module(mut self, module: HostModule) -> Self {
        let (host, description) = module.register(self.host);
        self.host = host;
        self.modules.push(description);
        self
    }

    /// Uses another guest than the embedded one: an archive of a component that speaks the same
    /// protocol.
    pub fn archive(mut self, archive: Archive<'static>) -> Self {
        self.archive = Some(archive);
        self
    }

    /// Adds packages that all functions may import: a wheel, or a folder such as a virtual
    /// environment's `site-packages`. They take precedence over packages of the guest.
    ///
    /// A program that imports a package compiles its modules once, when it is built; a guest with
    /// the package baked in is quicker (`cargo xtask build-guest --requirements`).
    ///
    /// Only Python code runs. A wheel with native code is rejected when the runtime is built. In a
    /// folder native libraries are skipped, since they may never be needed: importing one raises a
    /// `ModuleNotFoundError` that names it, which many packages handle. `.pth` files, and so
    /// editable installs, have no effect.
    pub fn packages(mut self, path: impl Into<PathBuf>) -> Self {
        self.packages.push(path.into());
        self
    }

    /// Sets where the guest's code is cached between processes: a path, or a [`CacheFolder`].
    pub fn cache_folder(mut self, folder: impl Into<CacheFolder>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Sets which frames tracebacks contain. A program restored from a snapshot keeps the setting
    /// it was built with.
    pub fn tracebacks(mut self, tracebacks: Tracebacks) -> Self {
        self.tracebacks = tracebacks;
        self
    }

    /// Writes the interpreter's functions, under their names in C, to `/tmp/perf-PID.map` for
    /// `perf`. This bypasses the cache, whose code `perf` cannot name: each start of the process
    /// takes about 80 ms more. Not on Windows.
    #[cfg(unix)]
    pub fn perf_map(mut self) -> Self {
        self.perf_map = true;
        self
    }

    /// Loads the guest. Blocks: for a few milliseconds once the guest is cached, before that for
    /// most of a second.
    ///
    /// # Errors
    ///
    /// - [`Error::Artifact`]: the build embeds no guest, or the guest does not fit this machine
    /// - [`Error::Host`]: a hostcall is registered twice or its name is reserved
    /// - [`Error::HostName`]: a host module or function has an invalid name
    /// - [`Error::Read`], [`Error::Wheel`], [`Error::Native`], [`Error::Path`],
    ///   [`Error::Conflict`], [`Error::TooLarge`]: packages can't be used
    pub fn build(self) -> Result<PythonRuntime, Error> {
        host_module::check(&self.modules)?;
        let archive = match self.archive {
            Some(archive) => archive,
            None => GUEST.archive()?,
        };
        let mut loader = Loader::new(&EngineConfig::default())?.with_cache_folder(self.cache);
        #[cfg(unix)]
        if self.perf_map {
            loader = loader.with_perf_map();
        }
        let loaded = loader.load(&archive)?;

        let mut library = Library::default();
        for path in &self.packages {
            library::add(&mut library, path)?;
        }
        let mut identity = archive.header().identity();
        if let Some(digest) = library.digest() {
            identity = format!("{identity} with packages {digest}");
        }
        if !self.modules.is_empty() {
            let sources = host_module::sources(&self.modules);
            library.add_generated(host_module::PACKAGE, sources)?;
        }
        let packages = library.top_level_names();
        let host = self
            .host
            .files(library.into_files())
            .build(loader.engine())?;
        let guest = host.component(&loaded.component)?.with_identity(identity);
        Ok(PythonRuntime {
            host,
            guest,
            packages: packages.into(),
            modules: self.modules.into(),
            tracebacks: self.tracebacks,
            cache_problem: loaded.skipped.first().map(|error| error.report().into()),
            sessions: Arc::default(),
        })
    }
}

impl fmt::Debug for PythonRuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonRuntimeBuilder")
            .field("cache", &self.cache)
            .field("packages", &self.packages)
            .field("tracebacks", &self.tracebacks)
            .finish_non_exhaustive()
    }
}
