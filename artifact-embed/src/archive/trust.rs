//! Archives that somebody vouches for: the only ones that can be loaded.

use std::borrow::Cow;
use std::fmt;

use super::frames;
use super::header::Header;
use crate::error::Error;

/// An archive that the caller vouches for, with a header that was checked.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use artifact_embed::Archive;
///
/// // SAFETY: an archive is machine code; this one comes from our own build.
/// let archive = unsafe { Archive::trust(std::fs::read("guest.aot")?) }?;
/// println!("{} for {}", archive.digest(), archive.header().target());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Archive<'a> {
    header: Header,
    payload: Cow<'a, [u8]>,
}

impl<'a> Archive<'a> {
    /// Takes `bytes` as an archive on the caller's word.
    ///
    /// With the feature `sign`, `Archive::verify` takes a signature instead and is safe.
    ///
    /// # Errors
    ///
    /// As for [`Header::read`]. A damaged payload is detected when the archive is loaded.
    ///
    /// # Safety
    ///
    /// Loading an archive runs the machine code in it. The digests detect accidents, not forgery:
    /// whoever wrote the bytes must be trusted like the author of this program.
    #[allow(
        unsafe_code,
        reason = "loading is safe given this promise, so the promise is required here"
    )]
    pub unsafe fn trust(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        let (header, payload) = Header::read(&bytes)?;
        let start = bytes.len() - payload.len();
        let payload = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..).unwrap_or_default()),
            Cow::Owned(mut bytes) => {
                bytes.drain(..start);
                Cow::Owned(bytes)
            }
        };
        Ok(Self { header, payload })
    }

    /// What the archive says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The archive's identity: [`Header::digest`].
    pub fn digest(&self) -> &str {
        self.header.digest()
    }

    /// The code: its digest is checked, then it is decompressed on all cores.
    pub(crate) fn code(&self) -> Result<Vec<u8>, Error> {
        self.header.check_payload(&self.payload)?;
        let header = &self.header;
        frames::decompress(header.frames(), &self.payload, header.code_bytes())
    }
}

impl fmt::Debug for Archive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("header", &self.header)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}
