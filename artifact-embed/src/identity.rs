//! Which file this is, told without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// A file as it is at one moment. A file with other content has another identity, because a change leaves its time behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity(String);

/// Clocks of file systems are coarse: a file that changed within this time could change once more unnoticed.
const SETTLED: Duration = Duration::from_secs(2);

impl FileIdentity {
    /// The identity of the file with this metadata; `None` if it changed within the last two seconds, or the system does
    /// not tell enough of it.
    pub fn of(metadata: &Metadata) -> Option<Self> {
        let (changed, fields) = fields(metadata)?;
        let settled = SystemTime::now().duration_since(changed).ok()? > SETTLED;
        settled.then_some(Self(fields))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
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
