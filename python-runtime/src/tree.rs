//! The files of a Python module, in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::Error;

/// More than hand-written sources need, and less than a guest's memory.
const LARGEST: usize = 16 << 20;

/// Files by the path that they have below a folder on Python's path: `shop/cart.py` is the module `shop.cart`, and
/// `shop/rates.json` is data that it reads through `importlib.resources`.
///
/// A tree can hold several folders, such as a program and its dependencies: 16 MiB in all at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl SourceTree {
    /// A tree without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all `.py` files below `folder`, as if it stood on Python's path. Left out are hidden files and folders,
    /// `__pycache__`, and the virtual environments below it. Links are not followed.
    pub fn folder(self, folder: impl AsRef<Path>) -> Result<Self, Error> {
        self.glob(folder, "**/*.py")
    }

    /// Adds the files below `folder` whose path inside it matches `pattern` (`*`, `**`, `?`, `[...]`), as
    /// [`folder`](Self::folder) does.
    pub fn glob(mut self, folder: impl AsRef<Path>, pattern: &str) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let matching = glob::Pattern::new(pattern).map_err(|source| Error::Pattern {
            pattern: pattern.to_owned(),
            source,
        })?;
        let options = glob::MatchOptions {
            require_literal_separator: true,
            ..glob::MatchOptions::default()
        };
        // Not deeper than the pattern can match, and not where it can't: a home folder is large.
        let parts: Vec<_> = pattern.split('/').collect();
        if parts.contains(&"..") {
            let path = pattern.to_owned();
            return Err(Error::Path { path });
        }
        let depth = if parts.contains(&"**") {
            usize::MAX
        } else {
            parts.len()
        };
        let fixed = parts
            .iter()
            .take(parts.len() - 1)
            .take_while(|part| !part.contains(['*', '?', '[']));
        let fixed = fixed.collect::<PathBuf>();
        let depth = depth.saturating_sub(fixed.components().count());
        let walk = WalkDir::new(folder.join(fixed))
            .max_depth(depth)
            .sort_by_file_name()
            .into_iter();
        for entry in walk.filter_entry(|entry| entry.depth() == 0 || !left_out(entry)) {
            let entry = entry.map_err(|error| Error::walking(folder, error))?;
            let Ok(inside) = entry.path().strip_prefix(folder) else {
                continue;
            };
            if entry.file_type().is_file() && matching.matches_path_with(inside, options) {
                let content = read(entry.path())?;
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                self.add(parts.join("/"), content, entry.path())?;
            }
        }
        Ok(self)
    }

    /// Adds one file, whose path has `/` between its parts.
    pub fn file(
        mut self,
        path: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Result<Self, Error> {
        let path = path.into();
        let shown = PathBuf::from(&path);
        self.add(path, content.into(), &shown)?;
        Ok(self)
    }

    /// The files by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// The path of the file that is the module `name`.
    pub(crate) fn module(&self, name: &str) -> Result<String, Error> {
        let base = name.replace('.', "/");
        let candidates = [format!("{base}/__init__.py"), format!("{base}.py")];
        let found = candidates
            .into_iter()
            .find(|path| self.files.contains_key(path));
        found.ok_or_else(|| Error::NoModule {
            module: name.to_owned(),
            known: self
                .files
                .keys()
                .filter_map(|path| module_name(path))
                .collect(),
        })
    }

    fn add(&mut self, path: String, content: Vec<u8>, shown: &Path) -> Result<(), Error> {
        let path = normalised(path)?;
        match self.files.get(&path) {
            Some(known) if *known == content => return Ok(()),
            Some(_) => return Err(Error::Conflict { path }),
            None => {}
        }
        self.bytes += content.len();
        if self.bytes > LARGEST {
            return Err(Error::TooLarge {
                path: shown.to_owned(),
                limit: LARGEST,
            });
        }
        self.files.insert(path, content);
        Ok(())
    }
}

fn left_out(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || name == "__pycache__" || entry.path().join("pyvenv.cfg").is_file()
}

/// `path` with one name for each file: relative, below the folder it is for, without empty parts.
pub(crate) fn normalised(path: String) -> Result<String, Error> {
    let parts = path.split('/').filter(|part| !["", "."].contains(part));
    let parts: Vec<_> = parts.collect();
    if path.starts_with('/')
        || path.contains(['\\', '\0'])
        || parts.is_empty()
        || parts.contains(&"..")
    {
        return Err(Error::Path { path });
    }
    Ok(parts.join("/"))
}

/// No more of a file than shows that it is too large.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut content));
    match read {
        Ok(_) => Ok(content),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn module_name(path: &str) -> Option<String> {
    let module = path.strip_suffix(".py")?;
    Some(
        module
            .strip_suffix("/__init__")
            .unwrap_or(module)
            .replace('/', "."),
    )
}
