//! How a state of memory is framed as bytes: a magic number, a format, a digest, a header that says
//! what it is, and the pages.
//!
//! All integers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | a magic number for each kind |
//! | 4 | format version |
//! | 4 | length of the header |
//! | 32 | BLAKE3 of all that follows |
//! | | the header, as JSON |
//! | | pages in ascending order: number (4), mask of its lines (8), lines (64 each) |

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Image, SnapshotError};
use crate::protocol::json_nodes;

/// One kind of states as bytes.
pub(crate) struct Format {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
    /// Values and keys that its header may have.
    pub(crate) header_nodes: usize,
}

const PREFIX: usize = 8 + 4 + 4 + 32;

/// A state as bytes, whose header was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Framed<H> {
    pub(crate) bytes: Bytes,
    pub(crate) header: H,
    /// Where the pages begin.
    pages: usize,
}

impl<H: Serialize + DeserializeOwned> Framed<H> {
    /// Frames what memory with `image` differs in from `pristine`.
    pub(crate) fn new(format: &Format, header: H, pristine: &[u8], image: &Image) -> Self {
        let text = serde_json::json!(header).to_string();
        let pages = PREFIX + text.len();
        let mut rest = text.into_bytes();
        let length = rest.len() as u32;
        image.write(pristine, &mut rest);
        let mut bytes = format.magic.to_vec();
        bytes.extend(format.version.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(blake3::hash(&rest).as_bytes());
        bytes.extend(rest);
        Self {
            bytes: bytes.into(),
            header,
            pages,
        }
    }

    /// Reads such bytes, and checks them for damage.
    pub(crate) fn read(format: &Format, bytes: Bytes) -> Result<Self, SnapshotError> {
        let damaged = SnapshotError::Damaged;
        let Some(rest) = bytes.strip_prefix(&format.magic) else {
            return Err(SnapshotError::NotASnapshot);
        };
        let number = |at: usize| {
            let bytes = rest.get(at..at + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let short = damaged("it is truncated");
        let found = number(0).ok_or_else(|| short.clone())?;
        if found != format.version {
            return Err(SnapshotError::Format {
                expected: format.version,
                found,
            });
        }
        let length = number(4).ok_or_else(|| short.clone())? as usize;
        let digest = rest.get(8..40).ok_or_else(|| short.clone())?;
        let rest = bytes.get(PREFIX..).unwrap_or_default();
        if blake3::hash(rest).as_bytes() != digest {
            return Err(damaged("its digest does not match"));
        }
        let header = rest.get(..length).ok_or(short)?;
        let text = std::str::from_utf8(header).unwrap_or_default();
        if json_nodes(text) > format.header_nodes {
            return Err(damaged("its header is too large"));
        }
        let header = serde_json::from_str(text).map_err(|_| damaged("its header is unreadable"))?;
        Ok(Self {
            header,
            pages: PREFIX + length,
            bytes,
        })
    }

    /// The BLAKE3 digest of the content, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        let digest = self.bytes.get(16..PREFIX).unwrap_or_default();
        let digest = <[u8; 32]>::try_from(digest).unwrap_or_default();
        blake3::Hash::from_bytes(digest).to_hex().to_string()
    }

    /// The pages, as [`Image::read`] reads them.
    pub(crate) fn pages(&self) -> &[u8] {
        self.bytes.get(self.pages..).unwrap_or_default()
    }
}
