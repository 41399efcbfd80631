//! The artifact that a build embedded, or the fact that it embedded none.

use std::fmt;

use crate::archive::Archive;
use crate::error::Error;

/// An artifact as [`embedded!`](crate::embedded) finds it.
#[derive(Clone, Copy)]
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
    #[allow(unsafe_code, reason = "passes on what `Archive::trust` asks for")]
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

    /// The archive.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmbedded`], which includes the remedy, if the build embedded none, and the
    /// errors of [`Archive::trust`].
    pub fn archive(&self) -> Result<Archive<'static>, Error> {
        let Some(bytes) = self.bytes else {
            return Err(Error::NotEmbedded {
                name: self.name,
                remedy: self.remedy,
            });
        };
        #[allow(unsafe_code, reason = "the caller of `new` promised this")]
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

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("name", &self.name)
            .field("remedy", &self.remedy)
            .field("bytes", &self.bytes.map(<[u8]>::len))
            .finish()
    }
}

/// The artifact `$name` that this crate's build script embedded with `artifact_embed_build::embed`,
/// as an [`Embedded`](crate::Embedded).
#[macro_export]
macro_rules! embedded {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".embedded.rs"))
    };
}
