//! The artifact that a build embedded, or the word that it embedded none.

use crate::archive::Archive;
use crate::error::Error;

/// An artifact as [`embedded!`](crate::embedded) finds it.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    name: &'static str,
    remedy: &'static str,
    bytes: Option<&'static [u8]>,
}

impl Embedded {
    /// For the code that `artifact_embed_build::embed` writes.
    ///
    /// # Safety
    ///
    /// As for [`Archive::trust`].
    #[doc(hidden)]
    #[allow(unsafe_code, reason = "passes on the promise of `Archive::trust`")]
    pub const unsafe fn new(
        name: &'static str,
        remedy: &'static str,
        bytes: Option<&'static [u8]>,
    ) -> Self {
        Self {
            name,
            remedy,
            bytes,
        }
    }

    /// The archive; an error that names the remedy where the build embedded none.
    pub fn archive(&self) -> Result<Archive<'static>, Error> {
        let Some(bytes) = self.bytes else {
            return Err(Error::NotEmbedded {
                name: self.name,
                remedy: self.remedy,
            });
        };
        #[allow(unsafe_code, reason = "keeps the promise of `new`")]
        // SAFETY: the bytes became part of this program when it was built, by its own build script.
        unsafe {
            Archive::trust(bytes)
        }
    }

    /// Whether the build embedded the artifact.
    pub fn is_present(&self) -> bool {
        self.bytes.is_some()
    }
}

/// The artifact `$name` that this crate's build script embedded with `artifact_embed_build::embed`: an [`Embedded`](crate::Embedded).
#[macro_export]
macro_rules! embedded {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".embedded.rs"))
    };
}
