//! From a component to an archive.

use std::fmt;

use crate::archive::{self, Fields};
use crate::component::{Instrumented, instrument, with_state};
use crate::digest::digest;
use crate::engine::{EngineConfig, WASMTIME_VERSION, baseline_cpu};
use crate::error::Error;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Effort {
    /// zstd level 3: a fraction of a second, for development.
    #[default]
    Fast,
    /// zstd level 19: many seconds, for releases.
    Small,
}

/// A component as machine code, not compressed yet.
#[must_use]
pub struct Compiled {
    header: Fields,
    code: Vec<u8>,
}

/// Compiles `component`, a binary, for `target`, a Rust target triple such as
/// [`HOST_TARGET`](crate::HOST_TARGET). Takes seconds for a large component, on all cores.
///
/// It takes what the component's author wants it to take: a component of 12 KB took 2 GB and 40 s.
/// Compile what untrusted authors wrote in a process with limits, as `wasm-runtime` does.
///
/// What is compiled is the component as [`instrument`] makes it, unless
/// [`EngineConfig::interrupts`] is off.
///
/// # Errors
///
/// [`Error::UnsupportedTarget`] if there is no backend for `target`, [`Error::Compile`] if the
/// component is not valid, [`Error::TooLarge`] if its code or its instances would be far larger
/// than the component itself, [`Error::Engine`] if Wasmtime rejects `config`.
pub fn compile(component: &[u8], config: &EngineConfig, target: &str) -> Result<Compiled, Error> {
    let engine = config.build_compiler(target)?;
    let Instrumented {
        component: instrumented,
        obstacles,
    } = match config.interrupts {
        true => instrument(component)?,
        false => with_state(component)?,
    };
    let code = engine
        .precompile_component(&instrumented)
        .map_err(Error::compile)?;
    let header = Fields {
        wasmtime: WASMTIME_VERSION.to_owned(),
        profile: config.fingerprint(),
        target: target.to_owned(),
        cpu: baseline_cpu(target).unwrap_or_default().to_owned(),
        component_digest: digest(component),
        component_bytes: component.len() as u64,
        obstacles: obstacles.iter().map(ToString::to_string).collect(),
        code_bytes: code.len() as u64,
        // Known when the code is compressed.
        payload_digest: String::new(),
        frames: Vec::new(),
    };
    Ok(Compiled { header, code })
}

impl Compiled {
    pub(crate) fn into_code(self) -> Vec<u8> {
        self.code
    }

    /// Size of the machine code and its metadata, in bytes.
    pub fn code_bytes(&self) -> usize {
        self.code.len()
    }

    /// Compresses the code into the bytes of an archive, on all cores.
    ///
    /// # Errors
    ///
    /// [`Error::Frame`] if zstd fails, for example without memory.
    pub fn pack(self, effort: Effort) -> Result<Vec<u8>, Error> {
        let level = match effort {
            Effort::Fast => 3,
            Effort::Small => 19,
        };
        let (frames, payload) = archive::compress(&self.code, level)?;
        let header = Fields {
            frames,
            payload_digest: digest(&payload),
            ..self.header
        };
        Ok(archive::write(&header, &payload))
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled")
            .field("header", &self.header)
            .field("code_bytes", &self.code.len())
            .finish()
    }
}
