//! How a runtime is configured.

use std::fmt;

use artifact_embed::{CacheFolder, EngineConfig, Loader};
use wit_wire_host::{Host, HostBuilder, forward_host_builder};

use crate::compile::Compilations;
use crate::compile_limits::CompileLimits;
use crate::compiler::Compiler;
use crate::error::Error;
use crate::runtime::WasmRuntime;

/// Configures a [`WasmRuntime`].
///
/// - hostcalls: none
/// - limits: [`Limits::default`](crate::Limits::default)
/// - pool of instances: [`PoolConfig::default`](crate::PoolConfig::default)
/// - cache folder for compiled components: [`CacheFolder::UserDefault`], which holds 1 GiB at most
/// - largest component: 256 MiB
/// - compiler: [`Compiler::ThisExecutable`], within [`CompileLimits::default`]
/// - map of the components' functions for `perf`: not written
#[must_use]
pub struct WasmRuntimeBuilder {
    host: HostBuilder,
    cache: CacheFolder,
    max_component_bytes: usize,
    compiler: Compiler,
    compile_limits: CompileLimits,
    #[cfg(unix)]
    perf_map: bool,
}

impl WasmRuntime {
    /// Returns a builder with the defaults listed on [`WasmRuntimeBuilder`].
    pub fn builder() -> WasmRuntimeBuilder {
        WasmRuntimeBuilder {
            host: Host::builder(),
            cache: CacheFolder::default(),
            max_component_bytes: 256 << 20,
            compiler: Compiler::default(),
            compile_limits: CompileLimits::default(),
            #[cfg(unix)]
            perf_map: false,
        }
    }
}

forward_host_builder!(WasmRuntimeBuilder);

impl WasmRuntimeBuilder {
    /// Sets where compiled components are cached between processes: a path, or a [`CacheFolder`].
    pub fn cache_folder(mut self, folder: impl Into<CacheFolder>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Sets the size of the largest component that is accepted, in bytes.
    pub fn max_component_bytes(mut self, bytes: usize) -> Self {
        self.max_component_bytes = bytes;
        self
    }

    /// Sets which process compiles components.
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// Sets what compiling components may take.
    pub fn compile_limits(mut self, limits: CompileLimits) -> Self {
        self.compile_limits = limits;
        self
    }

    /// Writes the functions of components, under their own names, to `/tmp/perf-PID.map` for
    /// `perf`. This bypasses the cache, whose code `perf` cannot name: each process compiles
    /// components again. Not on Windows.
    #[cfg(unix)]
    pub fn perf_map(mut self) -> Self {
        self.perf_map = true;
        self
    }

    /// Builds the runtime.
    ///
    /// # Errors
    ///
    /// - [`Error::Compile`]: no engine can be made on this machine
    /// - [`Error::Host`]: a hostcall is registered twice or its name is reserved
    /// - [`Error::NoCompiler`]: this executable is to compile components, and its `main` does not
    ///   begin with [`run_if_compiler`](crate::run_if_compiler)
    pub fn build(self) -> Result<WasmRuntime, Error> {
        self.compiler.check()?;
        let mut loader = Loader::new(&EngineConfig::default())?.with_cache_folder(self.cache);
        #[cfg(unix)]
        if self.perf_map {
            loader = loader.with_perf_map();
        }
        let host = self.host.build(loader.engine())?;
        Ok(WasmRuntime {
            loader,
            host,
            compilations: Compilations::new(self.compiler, self.compile_limits),
            max_component_bytes: self.max_component_bytes,
        })
    }
}

impl fmt::Debug for WasmRuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmRuntimeBuilder")
            .field("cache", &self.cache)
            .field("max_component_bytes", &self.max_component_bytes)
            .field("compiler", &self.compiler)
            .field("compile_limits", &self.compile_limits)
            .finish_non_exhaustive()
    }
}
