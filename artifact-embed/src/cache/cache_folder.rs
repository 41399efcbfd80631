//! Where code is cached between processes.

use std::path::PathBuf;

/// Where code is cached between processes. Any path converts into [`At`](Self::At).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CacheFolder {
    /// `artifact-embed` in the user's cache folder: `$XDG_CACHE_HOME` or `~/.cache` on Linux.
    #[default]
    UserDefault,
    /// This folder. It is created with access for this user alone, and not used if others may write
    /// to it.
    At(PathBuf),
    /// Nowhere: each process decompresses or compiles the code again.
    None,
}

impl<P: Into<PathBuf>> From<P> for CacheFolder {
    fn from(folder: P) -> Self {
        Self::At(folder.into())
    }
}

impl CacheFolder {
    /// The path of the folder, if there is one.
    pub(crate) fn path(self) -> Option<PathBuf> {
        match self {
            Self::UserDefault => dirs::cache_dir().map(|folder| folder.join("artifact-embed")),
            Self::At(folder) => Some(folder),
            Self::None => None,
        }
    }
}
