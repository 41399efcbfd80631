//! Stubs on disk.

use std::fs;
use std::path::{Path, PathBuf};

use super::description::{ModuleDescription, check};
use super::python::{self, Form};
use crate::error::Error;

/// Writes stubs of `modules` below `folder`, for editors and type checkers of the code that imports
/// them: `host/__init__.pyi`, `host/MODULE.pyi` and the same in `host/aio`. For mypy, add `folder`
/// to `MYPYPATH`.
///
/// Returns the files that were created or changed. Does not delete stubs of modules that no longer
/// exist.
///
/// # Errors
///
/// [`Error::HostName`] before anything is written, [`Error::Write`] for a file that can't be
/// written.
pub fn write_stubs(modules: &[ModuleDescription], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    check(modules)?;
    let mut written = Vec::new();
    for (path, text) in python::files(modules, Form::Stub) {
        let path = folder.join(path);
        if fs::read(&path).is_ok_and(|known| known == text.as_bytes()) {
            continue;
        }
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(source) = made.and_then(|()| fs::write(&path, text)) {
            return Err(Error::Write { path, source });
        }
        written.push(path);
    }
    Ok(written)
}
