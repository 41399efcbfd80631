//! What differs between operating systems, behind one front: this is the folder to edit when the
//! crate is ported.
//!
//! Files that only this user can write, files in memory, and which file a descriptor stands for. It
//! knows nothing of archives, components or Wasmtime. Permissions are those of Unix or none
//! ([`unix`], `not_unix`); the other services are Linux's or absent ([`linux`], `not_linux`).

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
#[path = "not_linux.rs"]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
#[path = "not_unix.rs"]
mod unix;

#[cfg(feature = "compile")]
use std::time::SystemTime;

#[cfg(feature = "compile")]
pub(crate) use linux::file_version;
pub(crate) use linux::{reopenable_path, sealed_file};
#[cfg(unix)]
pub(crate) use unix::create_private_file;
pub(crate) use unix::{Folder, check_private, create_private_folder};

/// What [`check_private`] expects to find.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    File,
    Folder,
}

/// A file at one moment, as far as that shows without reading it.
#[cfg(feature = "compile")]
pub(crate) struct FileVersion {
    /// When it last changed, by a clock that no program can set.
    pub(crate) changed: SystemTime,
    /// Equal for the same file with the same content.
    pub(crate) description: String,
}
