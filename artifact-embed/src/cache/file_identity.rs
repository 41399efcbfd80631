//! How a file is recognised without reading it.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::sys::file_version;

/// A file at one moment, on a local file system that records the time of each change by a clock of
/// its own (Linux: ext4, XFS, Btrfs, tmpfs). There, a file with other content has another identity.
///
/// A write through a shared mapping is recorded when it begins, and not while it goes on. So an
/// identity saves work, but does not prove content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity(String);

/// Clocks of file systems are coarse: a file that changed within this time could change once more
/// unnoticed.
const SETTLED: Duration = Duration::from_secs(2);

impl FileIdentity {
    /// The identity of the file; `None` if it changed within the last two seconds, or lies on
    /// another kind of file system.
    pub fn of(file: &File) -> Option<Self> {
        let version = file_version(file)?;
        let age = SystemTime::now().duration_since(version.changed).ok()?;
        (age > SETTLED).then_some(Self(version.description))
    }

    /// An identity that no file has.
    #[cfg(test)]
    pub(crate) fn invented(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_that_has_just_changed_has_no_identity() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(FileIdentity::of(&file), None);
    }
}
