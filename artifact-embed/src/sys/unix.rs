//! Folders and files with access for one user.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::Kind;

/// Creates the folder and those above it, with access for this user only. Those that exist stay as
/// they are.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// An open folder: whatever its path leads to later, this is the one that was checked.
pub(crate) struct Folder(File);

impl Folder {
    /// Opens a folder, and no link to one.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(path, flags | OFlags::RDONLY, Mode::empty())?;
        Ok(Self(folder.into()))
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.0.metadata()
    }

    /// Opens the file of this folder that has the last name of `path`, and no link to one. Does not
    /// block on a pipe, which can be opened and then turns out not to be a file.
    pub(crate) fn open_file(&self, path: &Path) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let name = path.file_name().unwrap_or_default();
        let file = rustix::fs::openat(&self.0, name, flags | OFlags::RDONLY, Mode::empty())?;
        Ok(file.into())
    }
}

/// Checks that only this user can write to a file, or has any access to a folder. The error says
/// what is wrong.
pub(crate) fn check_private(metadata: &Metadata, kind: Kind) -> Result<(), String> {
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

/// Creates a file with access for this user only, in place of one that is there. A link is replaced
/// and not followed.
pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    let create = || {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600).open(path)
    };
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            create()
        }
        created => created,
    }
}
