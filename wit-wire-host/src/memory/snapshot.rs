//! A program as bytes, for other processes with the same component: they need not run its `init`.
//!
//! All integers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `89 'W' 'P' 'R' 'G' 0d 0a 1a` |
//! | 4 | format version |
//! | 4 | length of the header |
//! | 32 | BLAKE3 of all that follows |
//! | | the header, as JSON |
//! | | the image's pages in ascending order: number (4), mask of its lines (8), lines (64 each) |
//!
//! A snapshot is a guest's memory, and not code: a forged one makes a guest misbehave, within its
//! sandbox.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Image;
use crate::protocol::{Op, json_nodes};

const MAGIC: [u8; 8] = *b"\x89WPRG\r\n\x1a";
const FORMAT: u32 = 1;
/// Values and keys of a header: seven for each op.
const HEADER_NODES: usize = 1 << 20;
const PREFIX: usize = MAGIC.len() + 4 + 4 + 32;

/// Why a program could not be serialised, or bytes could not be restored as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The program can't be serialised.
    #[error("the program can't be serialised: {0}")]
    Unavailable(String),
    /// The bytes are something else.
    #[error("not a snapshot of a program")]
    NotASnapshot,
    /// Another release wrote it.
    #[error(
        "the snapshot has format {found}, and this host reads {expected}: register the program again"
    )]
    Format {
        /// The format that this host reads.
        expected: u32,
        /// The snapshot's.
        found: u32,
    },
    /// The bytes were truncated or changed.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
    /// It is a program of another component, or of the same one compiled in another way.
    #[error(
        "the snapshot belongs to another component ({found}; this one is {expected}): register the program again"
    )]
    Component {
        /// This component's identity.
        expected: String,
        /// The snapshot's.
        found: String,
    },
    /// Instances of this component start in a different state here than where the snapshot was
    /// taken.
    #[error(
        "instances of the component start in a different state here: register the program again"
    )]
    Blank,
}

/// A program as bytes ([`Program::snapshot`](crate::Program::snapshot)). It can be read without a
/// host, to see what it is; [`Component::restore`](crate::Component::restore) makes a program of
/// it.
///
/// Cheap to clone.
///
/// ```
/// use wit_wire_host::{Snapshot, SnapshotError};
///
/// let error = Snapshot::from_bytes(b"something else".as_slice()).unwrap_err();
/// assert_eq!(error, SnapshotError::NotASnapshot);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    bytes: Bytes,
    component: String,
    blank: String,
    version: String,
    ops: Vec<Op>,
    memory: usize,
    /// Where the pages begin.
    pages: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    component: String,
    blank: String,
    version: String,
    ops: Vec<[String; 3]>,
    memory: u64,
}

/// What a snapshot is made of.
pub(crate) struct SnapshotParts<'a> {
    /// The identity of the program's component.
    pub(crate) component: &'a str,
    /// A digest of the memory of a pristine instance.
    pub(crate) blank: String,
    pub(crate) version: &'a str,
    pub(crate) ops: &'a [Op],
    pub(crate) image: &'a Image,
}

impl Snapshot {
    pub(crate) fn new(parts: SnapshotParts<'_>) -> Self {
        let SnapshotParts {
            component,
            blank,
            version,
            ops,
            image,
        } = parts;
        let strings = |op: &Op| [op.name(), op.title(), op.data()].map(str::to_owned);
        let header = Header {
            component: component.to_owned(),
            blank: blank.clone(),
            version: version.to_owned(),
            ops: ops.iter().map(strings).collect(),
            memory: image.length() as u64,
        };
        let header = serde_json::json!(header).to_string();
        let mut rest = header.clone().into_bytes();
        image.write(&mut rest);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(blake3::hash(&rest).as_bytes());
        bytes.extend(rest);
        Self {
            bytes: bytes.into(),
            component: component.to_owned(),
            blank,
            version: version.to_owned(),
            ops: ops.to_vec(),
            memory: image.length(),
            pages: PREFIX + header.len(),
        }
    }

    /// Reads a snapshot, and checks it for damage.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::NotASnapshot`], [`Format`](SnapshotError::Format) or
    /// [`Damaged`](SnapshotError::Damaged).
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, SnapshotError> {
        let bytes = bytes.into();
        let damaged = SnapshotError::Damaged;
        let Some(rest) = bytes.strip_prefix(&MAGIC) else {
            return Err(SnapshotError::NotASnapshot);
        };
        let number = |at: usize| {
            let bytes = rest.get(at..at + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let short = damaged("it is truncated");
        let found = number(0).ok_or_else(|| short.clone())?;
        if found != FORMAT {
            return Err(SnapshotError::Format {
                expected: FORMAT,
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
        if json_nodes(text) > HEADER_NODES {
            return Err(damaged("its header is too large"));
        }
        let Header {
            component,
            blank,
            version,
            ops,
            memory,
        } = serde_json::from_str(text).map_err(|_| damaged("its header is unreadable"))?;
        let op = |parts: [String; 3]| Op::from_parts(parts.map(Arc::from));
        let memory = usize::try_from(memory).map_err(|_| damaged("its memory is too large"))?;
        Ok(Self {
            component,
            blank,
            version,
            ops: ops.into_iter().map(op).collect(),
            memory,
            pages: PREFIX + length,
            bytes,
        })
    }

    /// The snapshot's bytes: some 50 KB for a small program, of which compression leaves 20.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The snapshot's bytes.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The BLAKE3 digest of the content, in hexadecimal: equal for equal snapshots.
    pub fn digest(&self) -> String {
        let digest = self.bytes.get(MAGIC.len() + 8..PREFIX).unwrap_or_default();
        let digest = <[u8; 32]>::try_from(digest).unwrap_or_default();
        blake3::Hash::from_bytes(digest).to_hex().to_string()
    }

    /// The identity of the program's component
    /// ([`Component::identity`](crate::Component::identity)).
    pub fn component(&self) -> &str {
        &self.component
    }

    /// The protocol version that the program was initialised with.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The program's ops.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Bytes of linear memory that an instance has while it runs the program.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// A digest of the memory of a pristine instance.
    pub(crate) fn blank(&self) -> &str {
        &self.blank
    }

    /// The image's pages, as [`Image::read`] reads them.
    pub(crate) fn pages(&self) -> &[u8] {
        self.bytes.get(self.pages..).unwrap_or_default()
    }
}
