//! Engine settings, in the one place where compiler and loader both take them from.

use wasmtime::{Config, Engine, ModuleVersionStrategy};

use crate::error::Error;

/// The Wasmtime release in use. Only the release that compiled an archive can load it.
pub const WASMTIME_VERSION: &str = "48.0.8";

/// The target that this process was built for.
pub const HOST_TARGET: &str = env!("ARTIFACT_EMBED_TARGET");

/// Which code a component becomes: one higher with each change of what is done to components before
/// they are compiled.
const INSTRUMENTED: u32 = 1;

/// Settings of an engine: those that compiled code depends on, and the sizes of its stacks.
///
/// Fixed for all engines: epoch interruption and fuel off ([`interrupts`](Self::interrupts) take
/// their place), branch hints on, memory initialised copy-on-write, no concurrency support (the
/// component model's async functions), memories whose guests may see a part of them
/// ([`instrument`](crate::instrument())), no address map and no symbols
/// (traps report functions, not WebAssembly offsets), and the architecture's baseline processor
/// ([`baseline_cpu`]) instead of the build machine's own.
///
/// ```
/// use artifact_embed::EngineConfig;
///
/// let config = EngineConfig::default().with_memory_guard(64 << 20);
/// assert_ne!(config.fingerprint(), EngineConfig::default().fingerprint());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineConfig {
    /// Address space reserved for each linear memory, in bytes. Default: 4 GiB, which makes bounds
    /// checks free.
    pub memory_reservation: u64,
    /// Guard region after it, in bytes. Default: 32 MiB.
    pub memory_guard: u64,
    /// Up to this size, in bytes, a component's initial memory is always mapped from the artifact
    /// and never copied. Default: 1 GiB, so that the heap of a pre-initialised interpreter is
    /// mapped.
    pub dense_image: u64,
    /// Native stack that guest code may use, in bytes. Default: 256 MiB, of which only what a guest
    /// writes to takes memory: C code that recurses a hundred thousand levels deep, as when an
    /// interpreter frees a long list, is no error. Compiled code does not depend on it.
    pub wasm_stack: usize,
    /// Native stack of one instance, in bytes; what exceeds `wasm_stack` is left to the host's own
    /// functions. Default: 264 MiB. The two are far apart so that a guest that exhausts its stack
    /// traps, and the host function that it called last does not abort the process. Compiled code
    /// does not depend on it. A system that does not overcommit memory counts all of it for each
    /// instance.
    pub async_stack: usize,
    /// Whether components are compiled with checks at which a host stops them or makes them yield
    /// ([`instrument`](crate::instrument)). Default: true. Without them an endless loop never ends;
    /// `wit-wire-host` refuses such a component.
    pub interrupts: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            memory_reservation: 4 << 30,
            memory_guard: 32 << 20,
            dense_image: 1 << 30,
            wasm_stack: 256 << 20,
            async_stack: 264 << 20,
            interrupts: true,
        }
    }
}

impl EngineConfig {
    /// Sets [`memory_reservation`](Self::memory_reservation), in bytes.
    #[must_use]
    pub fn with_memory_reservation(mut self, bytes: u64) -> Self {
        self.memory_reservation = bytes;
        self
    }

    /// Sets [`memory_guard`](Self::memory_guard), in bytes.
    #[must_use]
    pub fn with_memory_guard(mut self, bytes: u64) -> Self {
        self.memory_guard = bytes;
        self
    }

    /// Sets [`dense_image`](Self::dense_image), in bytes.
    #[must_use]
    pub fn with_dense_image(mut self, bytes: u64) -> Self {
        self.dense_image = bytes;
        self
    }

    /// Sets [`wasm_stack`](Self::wasm_stack), in bytes.
    #[must_use]
    pub fn with_wasm_stack(mut self, bytes: usize) -> Self {
        self.wasm_stack = bytes;
        self
    }

    /// Sets [`async_stack`](Self::async_stack), in bytes.
    #[must_use]
    pub fn with_async_stack(mut self, bytes: usize) -> Self {
        self.async_stack = bytes;
        self
    }

    /// Sets [`interrupts`](Self::interrupts).
    #[must_use]
    pub fn with_interrupts(mut self, interrupts: bool) -> Self {
        self.interrupts = interrupts;
        self
    }

    /// The settings that compiled code depends on, and what is done to components, as a string.
    /// Engines with equal fingerprints can exchange archives.
    pub fn fingerprint(&self) -> String {
        let Self {
            memory_reservation,
            memory_guard,
            dense_image,
            wasm_stack: _,
            async_stack: _,
            interrupts,
        } = self;
        let interrupts = match interrupts {
            true => "flag",
            false => "off",
        };
        format!(
            "instrumented={INSTRUMENTED} interrupts={interrupts} epoch=off fuel=off hints=on cow=on concurrency=off gc=off \
             address-map=off symbols=off reservation={memory_reservation} \
             guard={memory_guard} dense-image={dense_image}"
        )
    }

    /// Builds an engine that loads archives compiled with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] if Wasmtime rejects the settings on this machine.
    pub fn build_engine(&self) -> Result<Engine, Error> {
        let config = self.wasmtime()?;
        // An engine with a compiler infers flags from this machine, which the archives must not
        // depend on.
        #[cfg(feature = "compile")]
        let config = {
            let mut config = config;
            config.enable_compiler(false);
            config
        };
        Engine::new(&config).map_err(Error::engine)
    }

    /// Builds an engine that compiles for `target`, with the baseline processor of its
    /// architecture.
    #[cfg(feature = "compile")]
    pub(crate) fn build_compiler(&self, target: &str) -> Result<Engine, Error> {
        let unsupported = |error: wasmtime::Error| Error::UnsupportedTarget {
            target: target.to_owned(),
            source: error.into(),
        };
        let mut config = self.wasmtime()?;
        config.target(target).map_err(unsupported)?;
        config.native_unwind_info(target.contains("windows"));
        if let Some(preset) = baseline_cpu(target) {
            #[allow(unsafe_code, reason = "some of Cranelift's flags are unsafe to set")]
            // SAFETY: the flag selects a set of processor features and does not weaken the sandbox.
            // The header records the set, and `Loader` checks it against the processor before the
            // code is mapped.
            unsafe {
                config.cranelift_flag_enable(preset);
            }
        }
        Engine::new(&config).map_err(unsupported)
    }

    fn wasmtime(&self) -> Result<Config, Error> {
        let mut config = Config::new();
        config
            .epoch_interruption(false)
            .wasm_branch_hinting(true)
            .consume_fuel(false)
            .memory_init_cow(true)
            .concurrency_support(false)
            .generate_address_map(false)
            .debug_symbols(false)
            // Without Wasmtime's feature `gc`, which brings the collector, valid code could still
            // test the type of a function, which aborts the process (GHSA-rc4p-x33f-vpr2).
            .wasm_gc(false)
            .memory_reservation(self.memory_reservation)
            .memory_guard_size(self.memory_guard)
            .memory_guaranteed_dense_image_size(self.dense_image)
            .max_wasm_stack(self.wasm_stack)
            .async_stack_size(self.async_stack);
        // Wasmtime's own check compares major versions only, and ignores `dense_image`.
        let digest = blake3::hash(self.fingerprint().as_bytes()).to_hex();
        let version = format!("wasmtime {WASMTIME_VERSION}, artifact-embed profile {digest}");
        config
            .module_version(ModuleVersionStrategy::Custom(version))
            .map_err(Error::engine)?;
        Ok(config)
    }
}

/// The baseline processor that code for `target` is compiled for, as the usual name of a set of
/// features. `None` stands for the architecture's own baseline.
pub fn baseline_cpu(target: &str) -> Option<&'static str> {
    target.starts_with("x86_64").then_some("x86-64-v3")
}

/// The part of `target` that code depends on: all but the environment (`gnu`, `musl`, `msvc`), the
/// optional fourth field.
pub(crate) fn platform(target: &str) -> &str {
    match target.match_indices('-').nth(2) {
        Some((end, _)) => target.get(..end).unwrap_or(target),
        None => target,
    }
}

/// Checks that this processor has the features of `cpu`, which is empty for the architecture's own
/// baseline.
pub(crate) fn check_cpu(cpu: &str) -> Result<(), Error> {
    let missing = missing_features(cpu);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::Cpu {
            cpu: cpu.to_owned(),
            missing,
        })
    }
}

fn missing_features(cpu: &str) -> Vec<&'static str> {
    let mut missing = Vec::new();
    #[cfg(target_arch = "x86_64")]
    if cpu == "x86-64-v3" {
        macro_rules! check {
            ($($feature:tt)*) => { $(if !std::is_x86_feature_detected!($feature) { missing.push($feature); })* };
        }
        check!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "cmpxchg16b" "avx" "avx2" "fma" "bmi1" "bmi2" "lzcnt");
        return missing;
    }
    if !cpu.is_empty() {
        missing.push("a processor of another architecture");
    }
    missing
}
