//! Paths of files inside a tree or a package.

use crate::error::Error;

/// The one spelling of `path` that a file is known by: relative, inside its folder, without empty
/// parts.
pub(crate) fn normalised(path: String) -> Result<String, Error> {
    let parts = path.split('/').filter(|part| !["", "."].contains(part));
    let parts: Vec<_> = parts.collect();
    if path.starts_with('/')
        || path.contains(['\\', '\0'])
        || parts.is_empty()
        || parts.contains(&"..")
    {
        return Err(Error::Path { path });
    }
    Ok(parts.join("/"))
}
