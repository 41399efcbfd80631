//! A folder of files that only this user can write: what is mapped from it runs as code.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[cfg(unix)]
use rustix::fs::{Mode, OFlags};
use tempfile::NamedTempFile;

use crate::error::Error;

/// What a cache folder may hold, in bytes: some twenty large guests. The entries that were used least recently go first.
const ROOM: u64 = 1 << 30;
/// How entries end. What has another name is not the cache's, and it leaves that alone.
const SUFFIX: &str = ".cwasm";
/// How those begin that are being written, or were when their process was killed.
const UNFINISHED: &str = ".";

pub(crate) struct Cache {
    folder: PathBuf,
    /// The folder that was checked, which another one at its path is not.
    #[cfg(unix)]
    opened: File,
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
        let looking = || Error::io(format!("looking at the cache folder {}", folder.display()));
        let refused = |problem| Error::CacheFolder {
            path: folder.to_owned(),
            problem,
        };
        let metadata = fs::symlink_metadata(folder).map_err(looking())?;
        private(&metadata, Kind::Folder).map_err(refused)?;
        #[cfg(unix)]
        let opened = {
            let opened = open_folder(folder).map_err(looking())?;
            let metadata = opened.metadata().map_err(looking())?;
            private(&metadata, Kind::Folder).map_err(refused)?;
            opened
        };
        Ok(Self {
            folder: folder.to_owned(),
            #[cfg(unix)]
            opened,
        })
    }

    /// The entry `name`, if it is there, ours and of the length it should have, if that is known.
    pub(crate) fn find(&self, name: &str, length: Option<u64>) -> Result<Option<Entry>, Error> {
        let path = self.path(name);
        let Ok(file) = self.open_entry(&path) else {
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
        let path = self.path(name);
        let doing = || Error::io(format!("writing {}", path.display()));
        // First, for they may be what fills the disk.
        self.remove_abandoned();
        let mut file = self.unfinished().map_err(doing())?;
        file.write_all(bytes).map_err(doing())?;
        file.as_file().sync_data().map_err(doing())?;
        let file = file.persist(&path).map_err(|error| doing()(error.error))?;
        self.trim(ROOM, &path);
        Ok(Entry { file, path })
    }

    /// Opens a file of the checked folder, and no link to one. Does not wait: a pipe is no entry, and shows that once it is open.
    #[cfg(unix)]
    fn open_entry(&self, path: &Path) -> std::io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let name = path.file_name().unwrap_or_default();
        let file = rustix::fs::openat(&self.opened, name, flags | OFlags::RDONLY, Mode::empty())?;
        Ok(file.into())
    }

    #[cfg(not(unix))]
    fn open_entry(&self, path: &Path) -> std::io::Result<File> {
        File::open(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{SUFFIX}"))
    }

    /// A file to write an entry to, locked for as long as it is open: by that others know that it is not abandoned.
    fn unfinished(&self) -> std::io::Result<NamedTempFile> {
        loop {
            let file = tempfile::Builder::new()
                .prefix(UNFINISHED)
                .suffix(SUFFIX)
                .tempfile_in(&self.folder)?;
            // Where files can't be locked, none is taken for abandoned.
            let _ = file.as_file().lock();
            // Another process may have found it before it was locked.
            if file.path().exists() {
                return Ok(file);
            }
        }
    }

    /// Removes what killed processes left half-written.
    fn remove_abandoned(&self) {
        for path in self.files(|name| name.starts_with(UNFINISHED)) {
            // Locked until it is gone, so that one who has just made it sees that, and makes another.
            if let Ok(file) = self.open_entry(&path)
                && file.try_lock().is_ok()
            {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The cache's files whose name is wanted.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours = entries.filter(move |entry| {
            let name = entry.file_name();
            name.to_str()
                .is_some_and(|name| name.ends_with(SUFFIX) && wanted(name))
        });
        ours.map(|entry| entry.path())
    }

    /// Removes the least recently used entries until the rest fit in `room`. Processes that have one mapped keep it. What
    /// can't be read or removed is left to the next time.
    fn trim(&self, room: u64, keep: &Path) {
        let mut files: Vec<_> = self
            .files(|_| true)
            .filter_map(|path| {
                let metadata = fs::symlink_metadata(&path).ok()?;
                let file = Some(metadata).filter(fs::Metadata::is_file)?;
                Some((file.modified().ok()?, file.len(), path))
            })
            .collect();
        // A time to come is of a clock that was wrong, and no sign of use.
        let now = SystemTime::now();
        files.sort_by_key(|(used, ..)| Some(*used).filter(|used| *used <= now));
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

#[cfg(unix)]
fn open_folder(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags | OFlags::RDONLY, Mode::empty())?;
    Ok(folder.into())
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
