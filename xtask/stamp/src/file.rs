//! Files that are whole or not there.

use std::fs::Permissions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces a file whole, so that a build that was stopped leaves the old one.
///
/// # Errors
///
/// If it can't be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::Builder::new();
    if let Some(permissions) = permissions() {
        file.permissions(permissions);
    }
    let mut file = file.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

/// Those of an ordinary file, where temporary ones have others.
fn permissions() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    #[cfg(not(unix))]
    None
}
