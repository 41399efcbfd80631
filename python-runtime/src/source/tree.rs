//! The files of a Python module, in memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::source::folder::Folder;
use crate::source::path::normalised;

/// More than hand-written sources need, and less than a guest's memory.
const MAX_BYTES: usize = 16 << 20;

/// Folders within each other. Each that is being read takes a descriptor and some of the stack.
const MAX_DEPTH: usize = 64;

/// Files by their path below a folder on Python's module path: `shop/cart.py` is the module
/// `shop.cart`, and `shop/rates.json` is data that it reads through `importlib.resources`.
///
/// A tree can combine several folders, such as a program and its dependencies. It holds 16 MiB at
/// most, paths included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl SourceTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all `.py` files below `folder`, as if it were on Python's module path. Skips hidden
    /// files and folders, `__pycache__` and virtual environments; does not follow links, and reads
    /// nothing outside `folder`, whatever happens in it meanwhile.
    ///
    /// # Errors
    ///
    /// Those of [`glob`](Self::glob).
    pub fn folder(self, folder: impl AsRef<Path>) -> Result<Self, Error> {
        self.glob(folder, "**/*.py")
    }

    /// Adds the files below `folder` whose path inside it matches `pattern` (`*`, `**`, `?`,
    /// `[...]`). Skips what [`folder`](Self::folder) skips.
    ///
    /// # Errors
    ///
    /// - [`Error::Pattern`], [`Error::Path`]: the pattern is invalid, or leads out of `folder`
    /// - [`Error::Read`]: a file or folder can't be read
    /// - [`Error::Conflict`]: the tree has another file with the same path
    /// - [`Error::TooLarge`]: the tree would exceed 16 MiB
    /// - [`Error::TooDeep`]: it has more than 64 folders within each other
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
        // Walk only where the pattern can match: `folder` may be a whole home folder.
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
            .take_while(|part| !part.contains(['*', '?', '[']))
            .filter(|part| !["", "."].contains(part));
        let mut depth = depth;
        let mut folder = Folder::open(folder)?;
        let mut inside = String::new();
        for part in fixed {
            depth -= 1;
            folder = folder.folder(part)?;
            inside = format!("{inside}{part}/");
        }
        let matches = |path: &str| matching.matches_with(path, options);
        self.add_below(&folder, &inside, depth, &matches)?;
        Ok(self)
    }

    /// Adds the files down to `depth` folders below `folder`, whose own path is `inside`.
    fn add_below(
        &mut self,
        folder: &Folder,
        inside: &str,
        depth: usize,
        matches: &impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        if inside.matches('/').count() > MAX_DEPTH {
            return Err(Error::TooDeep {
                path: folder.path().to_owned(),
                limit: MAX_DEPTH,
            });
        }
        for (name, kind) in folder.entries()? {
            let shown = name.to_string_lossy();
            let path = format!("{inside}{shown}");
            if shown.starts_with('.') || shown == "__pycache__" {
                continue;
            }
            if kind.is_dir() && depth > 1 {
                let below = folder.folder(&name)?;
                if !below.has_file("pyvenv.cfg") {
                    self.add_below(&below, &format!("{path}/"), depth - 1, matches)?;
                }
            } else if kind.is_file()
                && matches(&path)
                && let Some(content) = folder.file(&name, MAX_BYTES)?
            {
                self.add(path, content, &folder.path().join(&name))?;
            }
        }
        Ok(())
    }

    /// Adds one file, whose path has `/` between its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Path`], [`Error::Conflict`] and [`Error::TooLarge`], as for [`glob`](Self::glob).
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

    /// The files with their paths, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// The path of the file that defines the module `name`.
    pub(super) fn module(&self, name: &str) -> Result<String, Error> {
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
        self.bytes += path.len() + content.len();
        if self.bytes > MAX_BYTES {
            return Err(Error::TooLarge {
                path: shown.to_owned(),
                limit: MAX_BYTES,
            });
        }
        self.files.insert(path, content);
        Ok(())
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
