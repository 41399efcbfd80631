//! Which file this is, told without reading it.

use std::fs::{File, Metadata};
use std::time::{Duration, SystemTime};

/// A file as it is at one moment, on a file system of this machine that notes the time of each change by a clock of its own
/// (Linux: ext4, XFS, Btrfs, tmpfs). There, a file with other content has another identity.
///
/// What is written through a shared mapping is noted when it begins, and not for as long as it goes on. So the identity is
/// for saving work, and no proof of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity(String);

/// Clocks of file systems are coarse: a file that changed within this time could change once more unnoticed.
const SETTLED: Duration = Duration::from_secs(2);

impl FileIdentity {
    /// The identity of the file; `None` if it changed within the last two seconds, or lies on another file system.
    pub fn of(file: &File) -> Option<Self> {
        if !keeps_time(file) {
            return None;
        }
        let (changed, fields) = fields(&file.metadata().ok()?)?;
        let settled = SystemTime::now().duration_since(changed).ok()? > SETTLED;
        settled.then_some(Self(fields))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether each change of a file leaves a time that no program can set. Network file systems may have another clock, and
/// images made to be reproducible give all files one time.
#[cfg(target_os = "linux")]
fn keeps_time(file: &File) -> bool {
    const EXT: u64 = 0xEF53;
    const XFS: u64 = 0x5846_5342;
    const BTRFS: u64 = 0x9123_683E;
    const TMPFS: u64 = 0x0102_1994;
    let kind = rustix::fs::fstatfs(file).map(|system| system.f_type as u64);
    kind.is_ok_and(|kind| [EXT, XFS, BTRFS, TMPFS].contains(&kind))
}

#[cfg(not(target_os = "linux"))]
fn keeps_time(_: &File) -> bool {
    false
}

/// When the file last changed, by the clock that no program can set, and all that tells it from others.
#[cfg(unix)]
fn fields(metadata: &Metadata) -> Option<(SystemTime, String)> {
    use std::os::unix::fs::MetadataExt;
    let changed = Duration::new(
        metadata.ctime().try_into().ok()?,
        metadata.ctime_nsec().try_into().ok()?,
    );
    let fields = format!(
        "{} {} {} {}.{} {changed:?}",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec()
    );
    Some((SystemTime::UNIX_EPOCH.checked_add(changed)?, fields))
}

#[cfg(not(unix))]
fn fields(_: &Metadata) -> Option<(SystemTime, String)> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::{Backing, EngineProfile, Loader};

    const COMPONENT: &[u8] = include_bytes!("../tests/common/answer.wasm");

    fn loader(folder: &Path) -> Loader {
        let loader = Loader::new(&EngineProfile::default()).unwrap();
        loader
            .order([Backing::CacheFile])
            .cache_folder(folder.join("cache"))
    }

    #[test]
    fn a_component_is_known_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let loader = loader(folder.path());
        let file = FileIdentity("a file".to_owned());
        let key = loader.key(COMPONENT);
        assert!(loader.recall(&file).is_none(), "nothing was noted");
        loader.remember(&file, &key);
        assert!(loader.recall(&file).is_none(), "nothing was compiled");
        loader.compile(&key, COMPONENT).unwrap();
        assert!(loader.recall(&file).is_some());

        let other = FileIdentity("another file".to_owned());
        assert!(loader.recall(&other).is_none());
        let loader = loader.order([Backing::Memory]);
        assert!(
            loader.recall(&file).is_none(),
            "the cache is not to be used"
        );
    }

    #[test]
    fn a_damaged_note_is_no_note() {
        let folder = tempfile::tempdir().unwrap();
        let loader = loader(folder.path());
        let file = FileIdentity("a file".to_owned());
        let key = loader.key(COMPONENT);
        loader.remember(&file, &key);
        let mut entries = fs::read_dir(folder.path().join("cache")).unwrap();
        let note = entries.next().unwrap().unwrap().path();
        loader.compile(&key, COMPONENT).unwrap();
        for text in [
            "",
            "compiled-",
            "compiled-../../etc/passwd",
            "compiled-\u{e9}",
        ] {
            fs::write(&note, text).unwrap();
            assert!(loader.recall(&file).is_none(), "{text}");
        }
    }

    #[test]
    fn a_file_that_has_just_changed_has_no_identity() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(FileIdentity::of(&file), None);
    }
}
