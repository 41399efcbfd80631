//! Packages in a wheel.

use std::io::{Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use super::files::{Library, is_native};
use crate::error::Error;
use crate::source::path::normalised;

/// Adds the packages in `wheel`, the file at `path`.
pub(crate) fn add(
    library: &mut Library,
    wheel: impl Read + Seek,
    path: &Path,
) -> Result<(), Error> {
    let broken = |source| Error::Wheel {
        path: path.to_owned(),
        source,
    };
    let mut wheel = ZipArchive::new(wheel).map_err(|error| broken(error.into()))?;
    for index in 0..wheel.len() {
        let file = wheel
            .by_index(index)
            .map_err(|error| broken(error.into()))?;
        if !file.is_file() {
            continue;
        }
        let name = file
            .name()
            .map_err(|error| broken(error.into()))?
            .into_owned();
        let name = normalised(name)?;
        if is_native(&name) {
            return Err(Error::Native {
                package: distribution(path),
                file: name,
                from: path.to_owned(),
            });
        }
        if let Some(name) = installed(&name) {
            library.add(name.to_owned(), file, path)?;
        }
    }
    Ok(())
}

/// Where a file of a wheel is installed below `site-packages`, if it is: a wheel may keep modules
/// in a `.data` folder next to scripts and manuals (PyPA, "Binary distribution format").
fn installed(path: &str) -> Option<&str> {
    match path.split_once('/') {
        Some((top, rest)) if top.ends_with(".data") => rest
            .strip_prefix("purelib/")
            .or_else(|| rest.strip_prefix("platlib/")),
        _ => Some(path),
    }
}

/// The name of a wheel's package, as pip spells it.
fn distribution(wheel: &Path) -> String {
    let name = wheel.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.split('-').next().unwrap_or_default();
    name.replace('_', "-")
}
