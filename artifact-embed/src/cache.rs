//! A folder of files that only this user can write: what is mapped from it runs as code.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;

/// What a cache folder may hold, in bytes: some twenty large guests. The entries that were used least recently go first.
const ROOM: u64 = 1 << 30;

pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens `folder`, made if need be, and checks that nobody else can write to it.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        create(folder).map_err(Error::io(format!(
            "making the cache folder {}",
            folder.display()
        )))?;
        let metadata = fs::symlink_metadata(folder).map_err(Error::io(format!(
            "looking at the cache folder {}",
            folder.display()
        )))?;
        match private(&metadata, Kind::Folder) {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
            }),
            Err(problem) => Err(Error::CacheFolder {
                path: folder.to_owned(),
                problem,
            }),
        }
    }

    /// The file `name`, if it is there, ours and of the length it should have, if that is known.
    pub(crate) fn find(&self, name: &str, length: Option<u64>) -> Result<Option<PathBuf>, Error> {
        let path = self.folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(metadata)
                if private(&metadata, Kind::File).is_ok()
                    && length.is_none_or(|length| metadata.len() == length) =>
            {
                // For `trim`. An entry that looks unused is only made anew.
                let _ = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                Ok(Some(path))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("looking at {}", path.display()))(error)),
        }
    }

    /// Writes the file `name` whole: others see all of it or nothing, also when several processes write it at once.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let path = self.folder.join(name);
        let doing = || Error::io(format!("writing {}", path.display()));
        let mut file = tempfile::Builder::new()
            .prefix(".")
            .tempfile_in(&self.folder)
            .map_err(doing())?;
        file.write_all(bytes).map_err(doing())?;
        file.persist(&path).map_err(|error| doing()(error.error))?;
        self.trim(ROOM);
        Ok(path)
    }

    /// Removes the least recently used files until the rest fit in `room`. Processes that have one mapped keep it. What
    /// can't be read or removed is left to the next time.
    fn trim(&self, room: u64) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut used = 0_u64;
        for (_, length, path) in files.iter().rev() {
            used = used.saturating_add(*length);
            if used > room {
                let _ = fs::remove_file(path);
            }
        }
    }
}

enum Kind {
    File,
    Folder,
}

#[cfg(unix)]
fn create(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn create(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// What is wrong with an entry whose content this process is to trust.
#[cfg(unix)]
fn private(metadata: &fs::Metadata, kind: Kind) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let (right_kind, name, others) = match kind {
        Kind::File => (metadata.is_file(), "a plain file", 0o022),
        Kind::Folder => (metadata.is_dir(), "a folder", 0o077),
    };
    if !right_kind {
        return Err(format!("it is not {name} (links are not followed)"));
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(format!(
            "it belongs to user {}, this process runs as {user}",
            metadata.uid()
        ));
    }
    if metadata.mode() & others != 0 {
        return Err(format!(
            "its mode is {:o}: others have access; set it to 700",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}

/// Elsewhere a user's own folders are private by the system's default.
#[cfg(not(unix))]
fn private(metadata: &fs::Metadata, kind: Kind) -> Result<(), String> {
    match kind {
        Kind::File if !metadata.is_file() => Err("it is not a plain file".into()),
        Kind::Folder if !metadata.is_dir() => Err("it is not a folder".into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_least_recently_used_entries_go_first() {
        let parent = tempfile::tempdir().unwrap();
        let cache = Cache::open(&parent.path().join("cache")).unwrap();
        for (age, name) in ["oldest", "older", "newer"].into_iter().enumerate() {
            let path = cache.write(name, &[0; 10]).unwrap();
            let used = UNIX_EPOCH + Duration::from_secs(age as u64);
            fs::File::open(path).unwrap().set_modified(used).unwrap();
        }
        // Being found counts as use.
        assert!(cache.find("oldest", None).unwrap().is_some());
        cache.trim(25);
        let left = |name: &str| cache.find(name, Some(10)).unwrap().is_some();
        assert_eq!(
            (left("oldest"), left("older"), left("newer")),
            (true, false, true)
        );
    }
}
