//! Errors of building a host and of adding components to it.

use super::Source;
use crate::protocol::Mismatch;

/// Why a host could not be built, or a component not be added to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The engine lacks a setting without which guests could not be stopped or kept apart.
    #[error("unsuitable engine: {0}")]
    Engine(&'static str),
    /// Two closures answer the same hostcall.
    #[error("hostcall `{0}` is registered twice: names must be unique within a host")]
    DuplicateHostcall(String),
    /// Names that begin with `wit-wire:` belong to the protocol.
    #[error("hostcall `{0}` can't be registered: names that begin with `wit-wire:` are reserved")]
    ReservedHostcall(String),
    /// The component does not speak the protocol.
    #[error("not a wit-wire component: {0}")]
    Mismatch(#[from] Mismatch),
    /// The component imports something that hosts do not offer: an interface of its own, or a part
    /// of WASI outside the sandbox.
    #[error(
        "the component imports {}: a host offers only {OFFERED}",
        some_of(imports)
    )]
    Imports {
        /// The imports, by name.
        imports: Vec<String>,
    },
    /// The component was compiled without checks for interrupts, so that it could never be stopped.
    #[error(
        "the component can't be stopped: compile what `artifact_embed::instrument` makes of it, as \
         `artifact_embed::compile` does"
    )]
    Unchecked,
    /// The component can't be linked for another reason, such as an import whose type does not
    /// match its name.
    #[error("the component can't be linked")]
    Link(#[source] Source),
}

impl BuildError {
    /// A stable label for this kind of error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine",
            Self::DuplicateHostcall(_) => "duplicate_hostcall",
            Self::ReservedHostcall(_) => "reserved_hostcall",
            Self::Mismatch(_) => "mismatch",
            Self::Imports { .. } => "imports",
            Self::Unchecked => "unchecked",
            Self::Link(_) => "link",
        }
    }

    pub(crate) fn link(error: wasmtime::Error) -> Self {
        Self::Link(error.into_boxed_dyn_error())
    }
}

const OFFERED: &str = "the interface `metatype:wit-wire/typegate-wire` and the packages cli, clocks, filesystem, io, random and \
                       sockets of WASI 0.2";

/// The first names, cut where they are too long to show: a component's author chooses them.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN);
    let shown = shown.map(|name| name.chars().take(100).collect::<String>());
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
