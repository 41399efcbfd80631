//! Packages that all functions of a runtime may import.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;
use zip::ZipArchive;

use crate::error::Error;
use crate::tree::normalised;

/// More than any package of source has; a file that unpacks to more is none.
const LARGEST: u64 = 16 << 20;

/// Of all packages together, unpacked.
const LARGEST_IN_ALL: u64 = 512 << 20;

/// How the names of files with native code end.
const NATIVE: [&str; 4] = ["so", "pyd", "dylib", "dll"];

/// Files by the path that they have below `site-packages`.
#[derive(Default)]
pub(crate) struct Packages {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Packages {
    /// Adds what is in a folder such as `site-packages`, or a wheel.
    pub(crate) fn add(&mut self, path: &Path) -> Result<(), Error> {
        match path.is_dir() {
            true => self.folder(path),
            false => self.wheel(path),
        }
    }

    /// Adds the package of the host's own functions, which no other may be called like.
    pub(crate) fn host_modules(&mut self, sources: BTreeMap<String, String>) -> Result<(), Error> {
        let tops = self.tops();
        for (path, source) in sources {
            if tops.iter().any(|top| path.split('/').next() == Some(top)) {
                return Err(Error::HostName {
                    name: "host".to_owned(),
                    problem: "a package has this name: the host's own modules can't be served beside it",
                });
            }
            self.files.insert(path, source.into_bytes());
        }
        Ok(())
    }

    /// What a program can import, and where metadata is: the names at the top.
    pub(crate) fn tops(&self) -> Vec<String> {
        let tops = self.files.keys().filter_map(|path| path.split('/').next());
        let tops: BTreeSet<_> = tops.collect();
        tops.into_iter().map(str::to_owned).collect()
    }

    /// A digest of all of it, for what is only valid with the same packages.
    pub(crate) fn digest(&self) -> String {
        let mut digest = blake3::Hasher::new();
        for (path, bytes) in &self.files {
            for part in [path.as_bytes(), bytes] {
                digest
                    .update(&(part.len() as u64).to_le_bytes())
                    .update(part);
            }
        }
        digest.finalize().to_hex().to_string()
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| entry.file_name() != "__pycache__") {
            let entry = entry.map_err(|error| Error::walking(folder, error))?;
            let Ok(inside) = entry.path().strip_prefix(folder) else {
                continue;
            };
            // Links to files count: some tools install them.
            if entry.path().is_file() {
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                let path = parts.join("/");
                if is_native(&path) {
                    // Its name alone, with which the guest can say what an import lacks.
                    self.files.insert(path, Vec::new());
                    continue;
                }
                let file = File::open(entry.path()).map_err(read_error(entry.path()))?;
                self.file(path, file, entry.path())?;
            }
        }
        Ok(())
    }

    fn wheel(&mut self, path: &Path) -> Result<(), Error> {
        let file = File::open(path).map_err(read_error(path))?;
        self.unpack(file, path)
    }

    /// Adds what is in `wheel`, the file at `path`.
    pub(crate) fn unpack(&mut self, wheel: impl Read + Seek, path: &Path) -> Result<(), Error> {
        let broken = |source| Error::Wheel {
            path: path.to_owned(),
            source,
        };
        let mut wheel = ZipArchive::new(wheel).map_err(|error| broken(error.into()))?;
        for index in 0..wheel.len() {
            let file = wheel
                .by_index(index)
                .map_err(|error| broken(error.into()))?;
            if !file.is_file() {
                continue;
            }
            let name = file
                .name()
                .map_err(|error| broken(error.into()))?
                .into_owned();
            let name = normalised(name)?;
            if is_native(&name) {
                return Err(Error::Native {
                    package: distribution(path),
                    file: name,
                    from: path.to_owned(),
                });
            }
            if let Some(name) = installed(&name) {
                self.file(name.to_owned(), file, path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String, content: impl Read, from: &Path) -> Result<(), Error> {
        if kind(&path) == "pyc" {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let left = LARGEST_IN_ALL - self.bytes;
        let (room, limit) = match left < LARGEST {
            true => (left, LARGEST_IN_ALL),
            false => (LARGEST, LARGEST),
        };
        let size = content.take(room + 1).read_to_end(&mut bytes);
        let size = size.map_err(read_error(from))? as u64;
        if size > room {
            return Err(Error::TooLarge {
                path: from.join(path),
                limit: limit as usize,
            });
        }
        self.bytes += size;
        match self.files.get(&path) {
            Some(known) if *known != bytes => Err(Error::Conflict { path }),
            _ => {
                self.files.insert(path, bytes);
                Ok(())
            }
        }
    }
}

fn is_native(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    NATIVE.contains(&kind(path)) || name.contains(".so.")
}

fn kind(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, kind)| kind)
}

/// Where a file of a wheel belongs below `site-packages`, if it does: some wheels have modules in a folder of their own beside
/// commands and manuals (PyPA's "Binary distribution format").
fn installed(path: &str) -> Option<&str> {
    match path.split_once('/') {
        Some((top, rest)) if top.ends_with(".data") => rest
            .strip_prefix("purelib/")
            .or_else(|| rest.strip_prefix("platlib/")),
        _ => Some(path),
    }
}

/// The name of a wheel's package, as pip knows it.
fn distribution(wheel: &Path) -> String {
    let name = wheel.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.split('-').next().unwrap_or_default();
    name.replace('_', "-")
}

fn read_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path: PathBuf = path.to_owned();
    move |source| Error::Read { path, source }
}
