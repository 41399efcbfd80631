//! The files that every function of a runtime may import: packages of the embedder, and the modules
//! generated for the host's functions.
//!
//! It collects them from wheels and `site-packages` folders, bounds their size and refuses native
//! code. It does not know how the guest asks for them, or what is in a module.
//!
//! In reading order: `files` (what was collected), `folder` and `wheel` (where from).

mod files;
mod folder;
mod wheel;

use std::fs::File;
use std::path::Path;

pub(crate) use files::Library;

use crate::error::Error;

#[cfg(any(test, fuzzing))]
pub(crate) use wheel::add as add_wheel;

/// Adds the packages at `path`: a folder such as `site-packages`, or a wheel.
pub(crate) fn add(library: &mut Library, path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return folder::add(library, path);
    }
    let wheel = File::open(path).map_err(Error::reading(path))?;
    wheel::add(library, wheel, path)
}
