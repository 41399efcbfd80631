//! What bytes are, by their first few.

use std::fmt;

/// A format that is mistaken for a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BinaryFormat {
    /// No bytes at all.
    Empty,
    /// A core WebAssembly module.
    CoreModule,
    /// WebAssembly of an unknown version.
    UnknownVersion,
    /// A native binary; Wasmtime's compiled code looks the same.
    Native,
    /// An [`Archive`](crate::Archive).
    Archive,
    /// Anything else.
    Unknown,
}

impl BinaryFormat {
    /// How to get a component instead.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Empty => "check that it was built",
            Self::CoreModule => {
                "build it for wasm32-wasip2, or wrap it with `wasm-tools component new`"
            }
            Self::UnknownVersion => "build it with tools for the released component model",
            Self::Native => "pass the component itself, or an archive to `component_from_archive`",
            Self::Archive => "load it with `component_from_archive`",
            Self::Unknown => {
                "build a component, for example with `cargo build --target wasm32-wasip2`"
            }
        }
    }
}

impl fmt::Display for BinaryFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::CoreModule => "a core module",
            Self::UnknownVersion => "WebAssembly of an unknown version",
            Self::Native => "a native binary or precompiled code",
            Self::Archive => "an archive",
            Self::Unknown => "bytes that are not WebAssembly",
        })
    }
}

/// Checks that `bytes` begin like a component; returns what they look like if they do not.
pub(crate) fn check_component(bytes: &[u8]) -> Result<(), BinaryFormat> {
    Err(match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => return Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => BinaryFormat::CoreModule,
        [0, b'a', b's', b'm', ..] => BinaryFormat::UnknownVersion,
        [0x7f, b'E', b'L', b'F', ..] => BinaryFormat::Native,
        [0x89, b'W', b'A', b'O', b'T', ..] => BinaryFormat::Archive,
        [] => BinaryFormat::Empty,
        _ => BinaryFormat::Unknown,
    })
}
