//! A program as bytes, for other processes with the same component: `init` is paid for once by all of them.
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
//! A snapshot is a guest's memory, and no code: one that was forged makes a guest misbehave, within its sandbox.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::image::Image;
use crate::op::Op;

const MAGIC: [u8; 8] = *b"\x89WPRG\r\n\x1a";
const FORMAT: u32 = 1;
const PREFIX: usize = MAGIC.len() + 4 + 4 + 32;

/// Why bytes are no program of a component, or a program has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The program can't be written.
    #[error("the program can't be kept: {0}")]
    Unavailable(String),
    /// The bytes are something else.
    #[error("these bytes are no snapshot of a program")]
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
    /// The bytes were cut or changed.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
    /// It is a program of another component, or of the same one compiled in another way.
    #[error(
        "the snapshot belongs to another component ({found}, and this is {expected}): register the program again"
    )]
    Component {
        /// This component's identity.
        expected: String,
        /// The snapshot's.
        found: String,
    },
    /// Instances of this component begin with another state here than where the snapshot was taken.
    #[error("instances of the component begin with another state here: register the program again")]
    Blank,
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

/// What a snapshot holds.
pub(crate) struct Snapshot {
    /// [`Component::identity`](crate::Component::identity).
    pub(crate) component: String,
    /// A digest of what a blank instance has in memory.
    pub(crate) blank: String,
    pub(crate) version: String,
    pub(crate) ops: Vec<Op>,
    /// Bytes of memory.
    pub(crate) memory: usize,
    /// The image's pages, as [`Image::read`] reads them.
    pub(crate) pages: Vec<u8>,
}

impl Snapshot {
    pub(crate) fn write(
        component: &str,
        blank: &str,
        version: &str,
        ops: &[Op],
        image: &Image,
    ) -> Vec<u8> {
        let parts = |op: &Op| [&op.name, &op.title, &op.data].map(|part| part.to_string());
        let header = Header {
            component: component.to_owned(),
            blank: blank.to_owned(),
            version: version.to_owned(),
            ops: ops.iter().map(parts).collect(),
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
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let damaged = SnapshotError::Damaged;
        let Some(rest) = bytes.strip_prefix(&MAGIC) else {
            return Err(SnapshotError::NotASnapshot);
        };
        let number = |at: usize| {
            let bytes = rest.get(at..at + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let short = damaged("it was cut");
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
            return Err(damaged("its digest is another"));
        }
        let (header, pages) = rest.split_at_checked(length).ok_or(short)?;
        let header: Header =
            serde_json::from_slice(header).map_err(|_| damaged("its header is no header"))?;
        let op = |parts: [String; 3]| {
            let [name, title, data] = parts.map(Arc::from);
            Op { name, title, data }
        };
        let memory = usize::try_from(header.memory);
        Ok(Self {
            component: header.component,
            blank: header.blank,
            version: header.version,
            ops: header.ops.into_iter().map(op).collect(),
            memory: memory.map_err(|_| damaged("its memory is too large"))?,
            pages: pages.to_vec(),
        })
    }
}
