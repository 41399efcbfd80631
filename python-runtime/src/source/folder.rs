//! Reading a folder that somebody else may change meanwhile.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, OpenOptions};

use crate::error::Error;

/// An open folder. What is in it is opened by its name below this one's descriptor, and links are
/// refused: whoever puts a link in the place of a folder or a file after it was looked at leads to
/// nothing outside.
pub(super) struct Folder {
    dir: Dir,
    path: PathBuf,
}

impl Folder {
    /// The embedder names it, so here links are followed.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            dir: Dir::open_ambient_dir(path, ambient_authority()).map_err(Error::reading(path))?,
            path: path.to_owned(),
        })
    }

    /// For messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder called `name` in this one.
    pub(super) fn folder(&self, name: impl AsRef<OsStr>) -> Result<Self, Error> {
        let path = self.path.join(name.as_ref());
        let dir = self.dir.open_dir_nofollow(name.as_ref());
        Ok(Self {
            dir: dir.map_err(Error::reading(&path))?,
            path,
        })
    }

    /// What is in the folder, in the order of the names.
    pub(super) fn entries(&self) -> Result<Vec<(OsString, FileType)>, Error> {
        let entries = || -> io::Result<Vec<_>> {
            let entry = |entry: cap_std::fs::DirEntry| Ok((entry.file_name(), entry.file_type()?));
            self.dir.entries()?.map(|each| entry(each?)).collect()
        };
        let mut entries = entries().map_err(Error::reading(&self.path))?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    }

    /// Whether there is a file called `name`.
    pub(super) fn has_file(&self, name: &str) -> bool {
        let found = self.dir.symlink_metadata(name);
        found.is_ok_and(|found| found.is_file())
    }

    /// The content of the file called `name`, one byte more than `most` at most; `None` if it is
    /// no file. A pipe in its place does not make this wait.
    pub(super) fn file(&self, name: &OsStr, most: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let read = || {
            let file = self.dir.open_with(name, &options)?;
            if !file.metadata()?.is_file() {
                return Ok(None);
            }
            let mut content = Vec::new();
            file.take(most as u64 + 1).read_to_end(&mut content)?;
            Ok(Some(content))
        };
        read().map_err(Error::reading(&self.path.join(name)))
    }
}
