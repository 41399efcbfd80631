//! A folder of files that only this user can write: what is mapped from it runs as code.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;

/// What a cache folder may hold, in bytes: some twenty large guests. The entries that were used least recently go first.
const ROOM: u64 = 1 << 30;
/// How entries end. What has another name is not the cache's, and it leaves that alone.
const SUFFIX: &str = ".cwasm";

pub(crate) struct Cache {
    folder: PathBuf,
}

/// A file of the cache, open: what was checked is what is mapped.
pub(crate) struct Entry {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
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

    /// The entry `name`, if it is there, ours and of the length it should have, if that is known.
    pub(crate) fn find(&self, name: &str, length: Option<u64>) -> Result<Option<Entry>, Error> {
        let path = self.folder.join(name).with_extension("cwasm");
        let Ok(file) = open(&path) else {
            return Ok(None);
        };
        let metadata = file
            .metadata()
            .map_err(Error::io(format!("looking at {}", path.display())))?;
        if private(&metadata, Kind::File).is_err()
            || length.is_some_and(|length| metadata.len() != length)
        {
            return Ok(None);
        }
        // For `trim`. An entry that looks unused is only made anew.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(Entry { file, path }))
    }

    /// Writes the entry `name` whole: others see all of it or nothing, also when several processes write it at once, or
    /// the machine stops.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<Entry, Error> {
        let path = self.folder.join(name).with_extension("cwasm");
        let doing = || Error::io(format!("writing {}", path.display()));
        let mut file = tempfile::Builder::new()
            .prefix(".")
            .suffix(SUFFIX)
            .tempfile_in(&self.folder)
            .map_err(doing())?;
        file.write_all(bytes).map_err(doing())?;
        file.as_file().sync_data().map_err(doing())?;
        let file = file.persist(&path).map_err(|error| doing()(error.error))?;
        self.trim(ROOM, &path);
        Ok(Entry { file, path })
    }

    /// Removes the least recently used entries, and what killed processes left half-written, until the rest fit in
    /// `room`. Processes that have one mapped keep it. What can't be read or removed is left to the next time.
    fn trim(&self, room: u64, keep: &Path) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours = entries.filter(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.ends_with(SUFFIX))
        });
        let mut files: Vec<_> = ours
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut used = 0_u64;
        for (_, length, path) in files.iter().rev() {
            // However short, it takes a block of the disk.
            used = used.saturating_add((*length).max(4096));
            if used > room && path != keep {
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

/// Opens a file, and no link to one.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let no_links = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    OpenOptions::new()
        .read(true)
        .custom_flags(no_links)
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
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
    fn the_least_recently_used_entries_go_first_and_nothing_else_does() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cache");
        let cache = Cache::open(&folder).unwrap();
        fs::write(folder.join("customers.db"), [0; 100_000]).unwrap();
        for (age, name) in ["oldest", "older", "newer"].into_iter().enumerate() {
            let entry = cache.write(name, &[0; 10_000]).unwrap();
            let used = UNIX_EPOCH + Duration::from_secs(age as u64);
            entry.file.set_modified(used).unwrap();
        }
        // Being found counts as use.
        assert!(cache.find("oldest", None).unwrap().is_some());
        cache.trim(25_000, Path::new(""));
        let left = |name: &str| cache.find(name, Some(10_000)).unwrap().is_some();
        assert_eq!(
            (left("oldest"), left("older"), left("newer")),
            (true, false, true)
        );
        let newest = cache
            .write("larger than all the room", &[0; 100_000])
            .unwrap();
        cache.trim(25_000, &newest.path);
        assert!(newest.path.exists() && folder.join("customers.db").exists());
    }
}
