//! Components in files: those that the cache knows are not read again.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use artifact_embed::{FileIdentity, Loader};
use wit_wire_host::{Component, Host};

use crate::error::Error;

/// A component's file.
pub(crate) enum ComponentFile {
    /// The cache has the component compiled.
    Cached(Component),
    /// The component has to be compiled.
    Uncached {
        bytes: Vec<u8>,
        /// Under which identity to record the file, unless it changed while it was read.
        identity: Option<FileIdentity>,
    },
}

impl ComponentFile {
    /// Looks up the file at `path` in the cache, or reads it: `max_bytes` at most, and one more if
    /// there are more. Blocks.
    pub(crate) fn open(
        path: &Path,
        max_bytes: usize,
        loader: &Loader,
        host: &Host,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Read {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let before = FileIdentity::of(&file);
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        if length > max_bytes {
            return Err(Error::TooLarge {
                bytes: length,
                limit: max_bytes,
            });
        }
        if let Some((key, component)) = before.as_ref().and_then(|file| loader.lookup_source(file))
        {
            let component = host.component(&component)?;
            return Ok(Self::Cached(component.with_identity(key.as_str())));
        }
        let mut bytes = Vec::with_capacity(length);
        // The length may be wrong: of a device, or of a file that grows.
        let most = (max_bytes as u64).saturating_add(1);
        (&file).take(most).read_to_end(&mut bytes).map_err(failed)?;
        let after = FileIdentity::of(&file);
        // A file that changed while it was read is neither the one before nor the one after.
        let identity = after.filter(|after| before.as_ref() == Some(after));
        Ok(Self::Uncached { bytes, identity })
    }
}
