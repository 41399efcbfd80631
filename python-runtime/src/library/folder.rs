//! Packages installed in a folder such as `site-packages`.

use std::fs::File;
use std::path::Path;

use walkdir::WalkDir;

use super::files::{Library, is_native};
use crate::error::Error;

/// Adds the packages in `folder`.
pub(super) fn add(library: &mut Library, folder: &Path) -> Result<(), Error> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != "__pycache__") {
        let entry = entry.map_err(|error| Error::walking(folder, error))?;
        let Ok(inside) = entry.path().strip_prefix(folder) else {
            continue;
        };
        // Links to files count: some tools install packages as links.
        if entry.path().is_file() {
            let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
            let path = parts.join("/");
            if is_native(&path) {
                library.add_native(path);
                continue;
            }
            let file = File::open(entry.path()).map_err(Error::reading(entry.path()))?;
            library.add(path, file, entry.path())?;
        }
    }
    Ok(())
}
