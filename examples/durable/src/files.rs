//! Files that are complete or not there, whenever the process ends.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A folder of files that one process at a time works with.
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked until it is closed, which the system does for a process that ends.
    _lock: File,
}

impl Folder {
    /// Waits until no other process has it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let open = || {
            fs::create_dir_all(path)?;
            let lock = File::create(path.join("lock"))?;
            lock.lock()?;
            Ok::<_, std::io::Error>(lock)
        };
        Ok(Self {
            path: path.to_owned(),
            _lock: open().with_context(|| path.display().to_string())?,
        })
    }

    /// The file `name`, if there is one.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.path.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| name.to_owned()),
        }
    }

    /// Writes the file `name`, or replaces it: under another name first, then on the disk, then
    /// under its own. A process or a machine that ends leaves what was there, or what is new.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let write = || {
            let new = self.path.join("new");
            let mut file = File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, self.path.join(name))?;
            self.sync_names()
        };
        write().with_context(|| name.to_owned())
    }

    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let removed = fs::remove_file(self.path.join(name));
        removed.with_context(|| name.to_owned())
    }

    /// Names are on the disk when their folder is. Windows knows no such order.
    fn sync_names(&self) -> std::io::Result<()> {
        match cfg!(unix) {
            true => File::open(&self.path)?.sync_all(),
            false => Ok(()),
        }
    }
}
