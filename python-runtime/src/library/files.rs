//! Files by path, below a limit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use crate::error::{Error, NameProblem};

/// The largest file, in bytes: more than any module has.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The total of all files, in bytes: a wheel can unpack to far more than its own size.
const MAX_TOTAL_BYTES: u64 = 512 << 20;

/// File name extensions of native code.
const NATIVE: [&str; 4] = ["so", "pyd", "dylib", "dll"];

/// Files by their path below `site-packages`.
#[derive(Default)]
pub(crate) struct Library {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Library {
    /// Adds the file `path`, which was found in the folder or wheel `from`. Ignores compiled
    /// modules: they are for another Python.
    pub(super) fn add(
        &mut self,
        path: String,
        content: impl Read,
        from: &Path,
    ) -> Result<(), Error> {
        if extension(&path) == "pyc" {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let left = MAX_TOTAL_BYTES - self.bytes;
        let (room, limit) = match left < MAX_FILE_BYTES {
            true => (left, MAX_TOTAL_BYTES),
            false => (MAX_FILE_BYTES, MAX_FILE_BYTES),
        };
        let size = content.take(room + 1).read_to_end(&mut bytes);
        let size = size.map_err(Error::reading(from))? as u64;
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

    /// Adds a native library by its path alone, so that the guest can say why importing it fails.
    pub(super) fn add_native(&mut self, path: String) {
        self.files.insert(path, Vec::new());
    }

    /// Adds the generated package `name`, which no other package may be called like.
    pub(crate) fn add_generated(
        &mut self,
        name: &str,
        sources: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        if self.top_level_names().iter().any(|known| known == name) {
            return Err(Error::HostName {
                name: name.to_owned(),
                problem: NameProblem::Package,
            });
        }
        let sources = sources.into_iter();
        self.files
            .extend(sources.map(|(path, source)| (path, source.into_bytes())));
        Ok(())
    }

    /// The names at the top level: what a program can import, and folders of metadata.
    pub(crate) fn top_level_names(&self) -> Vec<String> {
        let names = self.files.keys().filter_map(|path| path.split('/').next());
        let names: BTreeSet<_> = names.collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// A digest of all files, to identify what is only valid with the same ones; `None` if there
    /// are none.
    pub(crate) fn digest(&self) -> Option<String> {
        if self.files.is_empty() {
            return None;
        }
        let mut digest = blake3::Hasher::new();
        for (path, bytes) in &self.files {
            for part in [path.as_bytes(), bytes] {
                digest
                    .update(&(part.len() as u64).to_le_bytes())
                    .update(part);
            }
        }
        Some(digest.finalize().to_hex().to_string())
    }

    pub(crate) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// Whether the file `path` contains native code, by its name.
pub(super) fn is_native(path: &str) -> bool {
    NATIVE.contains(&extension(path)) || file_name(path).contains(".so.")
}

fn extension(path: &str) -> &str {
    let parts = file_name(path).rsplit_once('.');
    parts.map_or("", |(_, extension)| extension)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
