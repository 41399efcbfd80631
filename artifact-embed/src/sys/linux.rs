//! Sealed files in memory, paths of descriptors, and file systems that record each change.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
#[cfg(feature = "compile")]
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
#[cfg(feature = "compile")]
use std::time::{Duration, SystemTime};

use memfd::FileSeal;

#[cfg(feature = "compile")]
use super::FileVersion;
use crate::error::Error;

/// A file in memory with this content, which can't be changed any more.
pub(crate) fn sealed_file(content: &[u8]) -> Result<File, Error> {
    let refused =
        |error: memfd::Error| Error::io("creating a file in memory")(io::Error::other(error));
    let file = memfd::MemfdOptions::new()
        .allow_sealing(true)
        .create("artifact")
        .map_err(refused)?;
    file.as_file()
        .write_all(content)
        .map_err(Error::io("writing a file in memory"))?;
    file.add_seals(&[
        FileSeal::SealShrink,
        FileSeal::SealGrow,
        FileSeal::SealWrite,
        FileSeal::SealSeal,
    ])
    .map_err(refused)?;
    Ok(file.into_file())
}

/// A path that leads to this very file, whatever happens to its name, while it is open. `None`
/// without `/proc`.
pub(crate) fn reopenable_path(file: &File) -> Option<PathBuf> {
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    path.exists().then_some(path)
}

/// The version of the file, on a local file system that records the time of each change by a clock
/// of its own. Network file systems may have another clock, and reproducible images give all files
/// one time.
#[cfg(feature = "compile")]
pub(crate) fn file_version(file: &File) -> Option<FileVersion> {
    const EXT: u64 = 0xEF53;
    const XFS: u64 = 0x5846_5342;
    const BTRFS: u64 = 0x9123_683E;
    const TMPFS: u64 = 0x0102_1994;
    let system = rustix::fs::fstatfs(file).ok()?.f_type as u64;
    if ![EXT, XFS, BTRFS, TMPFS].contains(&system) {
        return None;
    }
    let metadata = file.metadata().ok()?;
    let changed = Duration::new(
        metadata.ctime().try_into().ok()?,
        metadata.ctime_nsec().try_into().ok()?,
    );
    Some(FileVersion {
        changed: SystemTime::UNIX_EPOCH.checked_add(changed)?,
        description: format!(
            "{} {} {} {}.{} {changed:?}",
            metadata.dev(),
            metadata.ino(),
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec()
        ),
    })
}
