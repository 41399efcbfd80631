//! Folders and files where a user's own folders are private by the system's default.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::Kind;

pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        fs::symlink_metadata(&self.0)
    }

    pub(crate) fn open_file(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }
}

pub(crate) fn check_private(metadata: &Metadata, kind: Kind) -> Result<(), String> {
    match kind {
        Kind::File if !metadata.is_file() => Err("it is not a plain file".into()),
        Kind::Folder if !metadata.is_dir() => Err("it is not a folder".into()),
        _ => Ok(()),
    }
}
