//! Where code lies while it runs, and how it becomes executable there.

use std::fs::File;
use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::Error;
use crate::sys::{reopenable_path, sealed_file};

/// Where a component's code lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backing {
    /// A file in a cache folder that only this user can write. The first process decompresses into
    /// it; later ones map it and copy nothing.
    CacheFile,
    /// A sealed file in memory (Linux): decompressed by each process, then mapped.
    Memfd,
    /// Plain memory.
    Memory,
}

/// The component whose code is in `file`: an entry of the cache, or sealed. `path` is where the
/// file was opened.
#[allow(unsafe_code, reason = "this is where code becomes executable")]
pub(super) fn map(engine: &Engine, file: &File, path: &Path) -> Result<Component, Error> {
    // Through the descriptor where possible, so that the file mapped is the one that was checked.
    let reopenable = reopenable_path(file);
    let path = reopenable.as_deref().unwrap_or(path);
    // SAFETY: the file holds what this crate compiled, or what an `Archive` decompressed to, which
    // the caller of `Archive::trust` vouched for and whose digest `Archive::code` checked. It does
    // not change: it is either sealed, or owned by this user and writable for nobody else, in a
    // folder of the same kind, and files there are only ever replaced by renaming one that was
    // written completely.
    unsafe { Component::deserialize_file(engine, path) }
        .map_err(|error| Error::Refused(error.into()))
}

/// The component with this code, in a sealed file in memory.
pub(super) fn seal(engine: &Engine, code: &[u8]) -> Result<Component, Error> {
    let file = sealed_file(code)?;
    map(engine, &file, Path::new("a file in memory"))
}

/// The component with this code, in plain memory.
#[allow(unsafe_code, reason = "this is where code becomes executable")]
pub(super) fn copy(engine: &Engine, code: &[u8]) -> Result<Component, Error> {
    // SAFETY: `code` was either compiled by this process, or is what an `Archive` decompressed to,
    // which the caller of `Archive::trust` vouched for and whose digest `Archive::code` checked.
    unsafe { Component::deserialize(engine, code) }.map_err(|error| Error::Refused(error.into()))
}
