//! From a component to an archive.

use std::borrow::Cow;

use crate::archive::{self, Header, digest};
use crate::error::Error;
use crate::instrument::instrument;
use crate::profile::{EngineProfile, WASMTIME_VERSION, cpu};

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// zstd level 3: a fraction of a second, for development.
    #[default]
    Fast,
    /// zstd level 19: many seconds, for what is shipped.
    Small,
}

/// A component as machine code, not packed yet.
pub struct Compiled {
    header: Header,
    code: Vec<u8>,
}

/// Compiles `component`, a binary, for `target`, a Rust target triple such as
/// [`HOST_TARGET`](crate::HOST_TARGET). Takes seconds for a large component, on all cores.
///
/// If [`inspect`](crate::inspect) finds no obstacle, the code has one more interface than the component, through which a host takes
/// instances back to a state they had (`wit-wire:instance/state`).
pub fn compile(component: &[u8], profile: &EngineProfile, target: &str) -> Result<Compiled, Error> {
    let engine = profile.compiler(target)?;
    let (instrumented, obstacles) = match instrument(component) {
        Ok(instrumented) => (Cow::Owned(instrumented), Vec::new()),
        Err(Error::Obstacles(obstacles)) => {
            let reasons = obstacles.iter().map(ToString::to_string);
            (Cow::Borrowed(component), reasons.collect())
        }
        Err(error) => return Err(error),
    };
    let code = engine
        .precompile_component(&instrumented)
        .map_err(|error| Error::Compile(error.into()))?;
    let header = Header {
        wasmtime: WASMTIME_VERSION.to_owned(),
        profile: profile.fingerprint(),
        target: target.to_owned(),
        cpu: cpu(target).unwrap_or_default().to_owned(),
        component_digest: digest(component),
        component_bytes: component.len() as u64,
        obstacles,
        code_bytes: code.len() as u64,
        payload_digest: String::new(),
        frames: Vec::new(),
    };
    Ok(Compiled { header, code })
}

impl Compiled {
    pub(crate) fn into_code(self) -> Vec<u8> {
        self.code
    }

    /// Size of the machine code with all that belongs to it, in bytes.
    pub fn code_bytes(&self) -> usize {
        self.code.len()
    }

    /// Compresses the code into the bytes of an archive, on all cores.
    pub fn pack(self, effort: Effort) -> Result<Vec<u8>, Error> {
        let level = match effort {
            Effort::Fast => 3,
            Effort::Small => 19,
        };
        archive::write(self.header, &self.code, level)
    }
}
