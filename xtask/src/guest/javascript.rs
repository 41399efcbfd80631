//! The JavaScript guest.

use std::path::Path;

use anyhow::Result;

pub(super) fn build(_guests: &Path) -> Result<()> {
    Ok(())
}
