//! What something was built from, so that it is built again when that changes and only then.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// How the names of sources end.
const SOURCES: [&str; 9] = ["c", "h", "js", "json", "lock", "py", "toml", "txt", "wit"];

/// The digest of everything that a product depends on.
#[derive(Debug, Default)]
pub struct Inputs(blake3::Hasher);

impl Inputs {
    /// A piece of text.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Some bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
        self
    }

    /// The content of a file, or of all sources below a folder.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn path(self, path: &Path) -> Result<Self> {
        self.files(path, |file| {
            let kind = file.extension().and_then(OsStr::to_str);
            kind.is_some_and(|kind| SOURCES.contains(&kind))
        })
    }

    /// The content of all files below a folder.
    ///
    /// # Errors
    ///
    /// If one can't be read.
    pub fn everything(self, folder: &Path) -> Result<Self> {
        self.files(folder, |_| true)
    }

    fn files(mut self, path: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Self> {
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.with_context(|| format!("reading {}", path.display()))?;
            if entry.file_type().is_file() && wanted(entry.path()) {
                let bytes = fs::read(entry.path())
                    .with_context(|| format!("reading {}", entry.path().display()))?;
                let name = entry.path().strip_prefix(path)?.to_string_lossy();
                self = self.text(&name).bytes(&bytes);
            }
        }
        Ok(self)
    }

    /// The digest of all of it.
    pub fn digest(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }

    /// The stamp of `product`.
    #[must_use]
    pub fn stamp(self, product: &Path) -> Stamp {
        let mut file = product.as_os_str().to_owned();
        file.push(".stamp");
        Stamp {
            product: product.to_owned(),
            file: file.into(),
            digest: self.digest(),
        }
    }
}

/// A file beside a product that says what it was built from.
#[derive(Debug)]
pub struct Stamp {
    product: PathBuf,
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// Whether the product is there and was built from these very inputs.
    pub fn is_fresh(&self) -> bool {
        self.product.exists()
            && fs::read_to_string(&self.file).is_ok_and(|stamp| stamp == self.digest)
    }

    /// Makes the product count as not built, before it is built again.
    ///
    /// # Errors
    ///
    /// If the stamp can't be removed.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Notes what the product was built from.
    ///
    /// # Errors
    ///
    /// If the stamp can't be written.
    pub fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.digest)
            .with_context(|| format!("writing {}", self.file.display()))
    }

    /// The digest of what the product is to be built from.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_product_is_fresh_until_an_input_or_it_itself_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (sources, product) = (folder.path().join("sources"), folder.path().join("product"));
        fs::create_dir(&sources).unwrap();
        fs::write(sources.join("a.py"), "1").unwrap();
        let stamp = || {
            Inputs::default()
                .path(&sources)
                .unwrap()
                .text("how")
                .stamp(&product)
        };
        assert!(!stamp().is_fresh(), "not built yet");
        fs::write(&product, "made").unwrap();
        stamp().set().unwrap();
        assert!(stamp().is_fresh());

        fs::write(sources.join("notes.md"), "no input").unwrap();
        assert!(stamp().is_fresh());
        fs::write(sources.join("a.py"), "2").unwrap();
        assert!(!stamp().is_fresh(), "a changed file");
        fs::write(sources.join("a.py"), "1").unwrap();
        fs::rename(sources.join("a.py"), sources.join("b.py")).unwrap();
        assert!(!stamp().is_fresh(), "another name");
        fs::rename(sources.join("b.py"), sources.join("a.py")).unwrap();
        assert!(stamp().is_fresh());

        stamp().clear().unwrap();
        assert!(!stamp().is_fresh(), "cleared");
        stamp().clear().unwrap();
        stamp().set().unwrap();
        fs::remove_file(&product).unwrap();
        assert!(!stamp().is_fresh(), "the product is gone");
    }
}
