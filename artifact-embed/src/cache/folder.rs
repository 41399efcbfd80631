//! The cache folder: named entries, each written whole, the least recently used removed first.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::sys::{Folder, Kind, check_private, create_private_folder};

/// The size of a cache folder, in bytes: some twenty large guests.
const ROOM: u64 = 1 << 30;
/// The suffix of entries. Files with other names are not the cache's, and are left alone.
const SUFFIX: &str = ".cwasm";
/// The prefix of entries that are being written, or were when their process was killed.
const UNFINISHED: &str = ".";

/// A cache folder that was checked.
pub(crate) struct Cache {
    path: PathBuf,
    folder: Folder,
}

/// An entry as an open file: what was checked is what is mapped.
pub(crate) struct Entry {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
}

impl Cache {
    /// Opens the folder at `path`, creating it if needed, and checks that other users have no
    /// access to it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let doing = |what: &str| Error::io(format!("{what} the cache folder {}", path.display()));
        let refused = |problem| Error::CacheFolder {
            path: path.to_owned(),
            problem,
        };
        create_private_folder(path).map_err(doing("making"))?;
        // First by its path, for an error that says what is wrong, then as it was opened.
        let metadata = fs::symlink_metadata(path).map_err(doing("checking"))?;
        check_private(&metadata, Kind::Folder).map_err(refused)?;
        let folder = Folder::open(path).map_err(doing("opening"))?;
        let metadata = folder.metadata().map_err(doing("checking"))?;
        check_private(&metadata, Kind::Folder).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            folder,
        })
    }

    /// The entry `name`, if it exists, only this user can write to it, and it has the expected
    /// length, where that is known.
    pub(crate) fn find(&self, name: &str, length: Option<u64>) -> Result<Option<Entry>, Error> {
        let path = self.path(name);
        let Ok(file) = self.folder.open_file(&path) else {
            return Ok(None);
        };
        let metadata = file
            .metadata()
            .map_err(Error::io(format!("checking {}", path.display())))?;
        if check_private(&metadata, Kind::File).is_err()
            || length.is_some_and(|length| metadata.len() != length)
        {
            return Ok(None);
        }
        // For `trim`. If this fails, the entry is only written again one day.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(Entry { file, path }))
    }

    /// Writes the entry `name` atomically: others see all of it or nothing, even if several
    /// processes write it at once, or the machine crashes.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<Entry, Error> {
        let path = self.path(name);
        let doing = || Error::io(format!("writing {}", path.display()));
        // First, because they may be what fills the disk.
        self.remove_abandoned();
        let mut file = self.unfinished().map_err(doing())?;
        file.write_all(bytes).map_err(doing())?;
        file.as_file().sync_data().map_err(doing())?;
        let file = file.persist(&path).map_err(|error| doing()(error.error))?;
        self.trim(ROOM, &path);
        Ok(Entry { file, path })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{SUFFIX}"))
    }

    /// A file to write an entry to, locked while it is open, by which others see that it is not
    /// abandoned.
    fn unfinished(&self) -> std::io::Result<NamedTempFile> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(UNFINISHED)
                .suffix(SUFFIX)
                .tempfile_in(&self.path)?;
            // Where files can't be locked, none is considered abandoned.
            let _ = file.as_file().lock();
            // Another process may have removed it before it was locked.
            if file.path().exists() {
                return Ok(file);
            }
        }
    }

    /// Removes the unfinished entries of killed processes.
    fn remove_abandoned(&self) {
        for path in self.files(|name| name.starts_with(UNFINISHED)) {
            // Locked until it is removed, so that a process that has just created it notices and
            // creates another one.
            if let Ok(file) = self.folder.open_file(&path)
                && file.try_lock().is_ok()
            {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The cache's files whose names pass the filter.
    fn files(&self, filter: impl Fn(&str) -> bool) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let ours = entries.filter(move |entry| {
            let name = entry.file_name();
            name.to_str()
                .is_some_and(|name| name.ends_with(SUFFIX) && filter(name))
        });
        ours.map(|entry| entry.path())
    }

    /// Removes the least recently used entries, but not `keep`, until the rest fit into `room`.
    /// Processes that have one mapped keep it. What can't be read or removed is left for next time.
    fn trim(&self, room: u64, keep: &Path) {
        let mut files: Vec<_> = self
            .files(|_| true)
            .filter_map(|path| {
                let metadata = fs::symlink_metadata(&path).ok()?;
                let file = Some(metadata).filter(fs::Metadata::is_file)?;
                Some((file.modified().ok()?, file.len(), path))
            })
            .collect();
        // A time in the future comes from a wrong clock, and does not count as use.
        let now = SystemTime::now();
        files.sort_by_key(|(used, ..)| Some(*used).filter(|used| *used <= now));
        let mut used = 0_u64;
        for (_, length, path) in files.iter().rev() {
            // Even the shortest takes a block of the disk.
            used = used.saturating_add((*length).max(4096));
            if used > room && path != keep {
                let _ = fs::remove_file(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn cache() -> (tempfile::TempDir, PathBuf, Cache) {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cache");
        let cache = Cache::open(&folder).unwrap();
        (parent, folder, cache)
    }

    #[test]
    fn the_least_recently_used_entries_go_first_and_nothing_else_does() {
        let (_parent, folder, cache) = cache();
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

    #[test]
    fn a_clock_that_was_wrong_keeps_no_entry() {
        let (_parent, _, cache) = cache();
        for (name, used) in [
            ("of 1970", UNIX_EPOCH),
            (
                "of a time to come",
                SystemTime::now() + Duration::from_secs(1 << 30),
            ),
            ("of now", SystemTime::now()),
        ] {
            let entry = cache.write(name, &[0; 10_000]).unwrap();
            entry.file.set_modified(used).unwrap();
        }
        let left =
            || ["of 1970", "of a time to come", "of now"].map(|name| cache.path(name).exists());
        cache.trim(25_000, Path::new(""));
        assert_eq!(left(), [true, false, true]);
        cache.trim(15_000, Path::new(""));
        assert_eq!(left(), [false, false, true]);
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_one_writes_stays() {
        let (_parent, folder, cache) = cache();
        let left = folder.join(".left.cwasm");
        fs::write(&left, [0; 10_000]).unwrap();
        let other = Cache::open(&folder).unwrap();
        let written = other.unfinished().unwrap();
        cache.write("entry", b"code").unwrap();
        assert!(!left.exists() && written.path().exists());
    }

    #[test]
    #[cfg(unix)]
    fn entries_are_those_of_the_folder_that_was_checked() {
        let (_parent, folder, cache) = cache();
        cache.write("entry", b"checked").unwrap();
        fs::rename(&folder, folder.with_extension("away")).unwrap();
        Cache::open(&folder)
            .unwrap()
            .write("entry", b"another")
            .unwrap();
        let mut found = String::new();
        let mut entry = cache.find("entry", Some(7)).unwrap().unwrap();
        std::io::Read::read_to_string(&mut entry.file, &mut found).unwrap();
        assert_eq!(found, "checked");
    }
}
