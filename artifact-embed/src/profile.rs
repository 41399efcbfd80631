//! The one place for settings that compiler and runtime must agree on.

use wasmtime::{Config, Engine, ModuleVersionStrategy};

use crate::error::Error;

/// The Wasmtime release in use. An archive is valid for the very release that made it.
pub const WASMTIME_VERSION: &str = "48.0.8";

/// The target that this process was built for.
pub const HOST_TARGET: &str = env!("ARTIFACT_EMBED_TARGET");

/// Settings of engines that compile archives, and of those that load them.
///
/// Always: epoch interruption on, fuel off, memory initialised copy-on-write, no concurrency support (the component
/// model's async functions), no address map and no symbols (traps name functions and not wasm offsets), and a baseline processor
/// ([`cpu`]) instead of the build machine's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineProfile {
    /// Address space reserved for each linear memory, in bytes. Default 4 GiB, which makes bounds checks free.
    pub memory_reservation: u64,
    /// Guard region after it, in bytes. Default 32 MiB.
    pub memory_guard: u64,
    /// Up to this size a component's initial memory is always mapped from the artifact and never copied, in bytes.
    /// Default 1 GiB: a pre-initialised interpreter's heap must not fall back to copying.
    pub dense_image: u64,
    /// Native stack that guest code may use, in bytes. Default 4 MiB. No part of what compiled code depends on.
    pub wasm_stack: usize,
    /// Native stack of one call, in bytes; the part beyond `wasm_stack` is the host's own. Default 8 MiB. The two lie
    /// well apart so that a guest which exhausts its part traps, and the host function it called last does not abort
    /// the process.
    pub async_stack: usize,
}

impl Default for EngineProfile {
    fn default() -> Self {
        Self {
            memory_reservation: 4 << 30,
            memory_guard: 32 << 20,
            dense_image: 1 << 30,
            wasm_stack: 4 << 20,
            async_stack: 8 << 20,
        }
    }
}

impl EngineProfile {
    /// What compiled code depends on, as text. Engines of equal fingerprint can exchange archives.
    pub fn fingerprint(&self) -> String {
        let Self {
            memory_reservation,
            memory_guard,
            dense_image,
            wasm_stack: _,
            async_stack: _,
        } = self;
        format!(
            "epoch=on fuel=off cow=on concurrency=off address-map=off symbols=off \
             reservation={memory_reservation} guard={memory_guard} dense-image={dense_image}"
        )
    }

    /// An engine that loads archives of this profile.
    pub fn engine(&self) -> Result<Engine, Error> {
        let config = self.config()?;
        // An engine with a compiler infers flags from this machine, which the archives must not depend on.
        #[cfg(feature = "compile")]
        let config = {
            let mut config = config;
            config.enable_compiler(false);
            config
        };
        Engine::new(&config).map_err(Error::engine)
    }

    /// An engine that compiles for `target`, with the baseline processor of its architecture.
    #[cfg(feature = "compile")]
    pub(crate) fn compiler(&self, target: &str) -> Result<Engine, Error> {
        let unsupported = |error: wasmtime::Error| Error::UnsupportedTarget {
            target: target.to_owned(),
            source: error.into(),
        };
        let mut config = self.config()?;
        config.target(target).map_err(unsupported)?;
        config.native_unwind_info(target.contains("windows"));
        if let Some(preset) = cpu(target) {
            #[allow(unsafe_code, reason = "Cranelift's flags are unsafe to set at large")]
            // SAFETY: the flag names a set of processor features and nothing that weakens the sandbox; the header
            // names the set too, and `Loader` checks it against the processor before the code is mapped.
            unsafe {
                config.cranelift_flag_enable(preset);
            }
        }
        Engine::new(&config).map_err(unsupported)
    }

    fn config(&self) -> Result<Config, Error> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .consume_fuel(false)
            .memory_init_cow(true)
            .concurrency_support(false)
            .generate_address_map(false)
            .debug_symbols(false)
            .memory_reservation(self.memory_reservation)
            .memory_guard_size(self.memory_guard)
            .memory_guaranteed_dense_image_size(self.dense_image)
            .max_wasm_stack(self.wasm_stack)
            .async_stack_size(self.async_stack);
        // Wasmtime's own check compares major versions, and knows nothing of `dense_image`.
        let digest = blake3::hash(self.fingerprint().as_bytes()).to_hex();
        let version = format!("wasmtime {WASMTIME_VERSION}, artifact-embed profile {digest}");
        config
            .module_version(ModuleVersionStrategy::Custom(version))
            .map_err(Error::engine)?;
        Ok(config)
    }
}

/// The baseline processor that code for `target` is compiled for: a set of features by its usual name, or none where the
/// architecture's own baseline serves.
pub fn cpu(target: &str) -> Option<&'static str> {
    target.starts_with("x86_64").then_some("x86-64-v3")
}

/// What of `target` its code depends on: all but the environment (`gnu`, `musl`, `msvc`), which comes fourth where there is one.
pub(crate) fn platform(target: &str) -> &str {
    match target.match_indices('-').nth(2) {
        Some((end, _)) => target.get(..end).unwrap_or(target),
        None => target,
    }
}

/// The features of `cpu` that this processor lacks.
pub(crate) fn missing_features(cpu: &str) -> Vec<&'static str> {
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
