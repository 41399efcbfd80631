//! A program as bytes, for other processes with the same component: they need not run its `init`.
//!
//! A snapshot is a guest's memory, and not code: a forged one makes a guest misbehave, within its
//! sandbox.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Image;
use super::frame::{Format, Framed};
use crate::protocol::Op;

const FORMAT: Format = Format {
    magic: *b"\x89WPRG\r\n\x1a",
    version: 1,
    // Seven for each op.
    header_nodes: 1 << 20,
};

/// Why a program or a parked call could not be serialised, or bytes are none that can go on here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It can't be serialised.
    #[error("it can't be serialised: {0}")]
    Unavailable(String),
    /// The bytes are something else. (A program's are no parked call's, nor the reverse.)
    #[error(
        "the bytes are something else than a program's snapshot or a parked call, whichever is read here"
    )]
    NotASnapshot,
    /// Another release wrote it.
    #[error(
        "it has format {found}, and this host reads {expected}: register the program again, or resume the call with \
         the release that stored it"
    )]
    Format {
        /// The format that this host reads.
        expected: u32,
        /// That of the bytes.
        found: u32,
    },
    /// The bytes were truncated or changed.
    #[error("the bytes are damaged: {0}")]
    Damaged(&'static str),
    /// It belongs to another component, or to the same one compiled in another way.
    #[error(
        "it belongs to another component ({found}; this one is {expected}): register the program again, or resume the \
         call with that component"
    )]
    Component {
        /// This component's identity.
        expected: String,
        /// That of the bytes.
        found: String,
    },
    /// Instances of this component start in a different state here than where the bytes were made.
    #[error(
        "instances of the component start in a different state here: register the program again; a parked call goes on \
         where it was stored"
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
    framed: Framed<Header>,
    ops: Vec<Op>,
    memory: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    component: String,
    blank: String,
    version: String,
    ops: Vec<[String; 3]>,
    memory: u64,
    /// Whether calls have run since `init`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_copy: bool,
}

/// What a snapshot is made of.
pub(crate) struct SnapshotParts<'a> {
    /// The identity of the program's component.
    pub(crate) component: &'a str,
    /// A digest of the memory of a pristine instance.
    pub(crate) blank: &'a str,
    /// That memory.
    pub(crate) pristine: &'a [u8],
    pub(crate) version: &'a str,
    pub(crate) ops: &'a [Op],
    pub(crate) image: &'a Image,
    pub(crate) is_copy: bool,
}

impl Snapshot {
    pub(crate) fn new(parts: SnapshotParts<'_>) -> Self {
        let SnapshotParts {
            component,
            blank,
            pristine,
            version,
            ops,
            image,
            is_copy,
        } = parts;
        let strings = |op: &Op| [op.name(), op.title(), op.data()].map(str::to_owned);
        let header = Header {
            component: component.to_owned(),
            blank: blank.to_owned(),
            version: version.to_owned(),
            ops: ops.iter().map(strings).collect(),
            memory: image.length() as u64,
            is_copy,
        };
        let mut framed = Framed::new(&FORMAT, header, pristine, image);
        framed.header.ops.clear();
        Self {
            framed,
            ops: ops.to_vec(),
            memory: image.length(),
        }
    }

    /// Reads a snapshot, and checks it for damage.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::NotASnapshot`], [`Format`](SnapshotError::Format) or
    /// [`Damaged`](SnapshotError::Damaged).
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, SnapshotError> {
        let mut framed: Framed<Header> = Framed::read(&FORMAT, bytes.into())?;
        let damaged = |_| SnapshotError::Damaged("its memory is too large");
        let memory = usize::try_from(framed.header.memory).map_err(damaged)?;
        let op = |parts: [String; 3]| Op::from_parts(parts.map(Arc::from));
        let ops = std::mem::take(&mut framed.header.ops).into_iter().map(op);
        Ok(Self {
            ops: ops.collect(),
            memory,
            framed,
        })
    }

    /// The snapshot's bytes: some 50 KB for a small program, of which compression leaves 20.
    pub fn as_bytes(&self) -> &[u8] {
        &self.framed.bytes
    }

    /// The snapshot's bytes.
    pub fn into_bytes(self) -> Bytes {
        self.framed.bytes
    }

    /// The BLAKE3 digest of the content, in hexadecimal: equal for equal snapshots.
    pub fn digest(&self) -> String {
        self.framed.digest()
    }

    /// The identity of the program's component
    /// ([`Component::identity`](crate::Component::identity)).
    pub fn component(&self) -> &str {
        &self.framed.header.component
    }

    /// The protocol version that the program was initialised with.
    pub fn version(&self) -> &str {
        &self.framed.header.version
    }

    /// The program's ops.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Bytes of linear memory that an instance has while it runs the program.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Whether calls have run since `init`.
    pub(crate) fn is_copy(&self) -> bool {
        self.framed.header.is_copy
    }

    /// A digest of the memory of a pristine instance.
    pub(crate) fn blank(&self) -> &str {
        &self.framed.header.blank
    }

    /// The image's pages, as [`Image::read`] reads them.
    pub(crate) fn pages(&self) -> &[u8] {
        self.framed.pages()
    }
}
