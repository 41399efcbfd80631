//! The header: what an archive says about itself, checked against itself and against the archive's
//! length.

use serde::{Deserialize, Serialize};

use super::frames::Frame;
use crate::digest::{digest, hex};
use crate::error::Error;

const MAGIC: [u8; 8] = *b"\x89WAOT\r\n\x1a";
/// The version of the archive format that this build writes and reads.
pub const ARCHIVE_FORMAT: u32 = 2;
const DIGEST: usize = 32;
const PREFIX: usize = MAGIC.len() + 4 + 4 + DIGEST;

/// What an archive says about itself.
///
/// Only [`read`](Self::read) makes one, so that what it holds was checked.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use artifact_embed::Header;
///
/// let archive = std::fs::read("guest.aot")?;
/// let (header, _) = Header::read(&archive)?;
/// println!("{}: Wasmtime {}", header.target(), header.wasmtime_version());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    fields: Fields,
    digest: String,
}

/// The header as it stands in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) wasmtime: String,
    pub(crate) profile: String,
    pub(crate) target: String,
    pub(crate) cpu: String,
    pub(crate) component_digest: String,
    pub(crate) component_bytes: u64,
    pub(crate) obstacles: Vec<String>,
    pub(crate) code_bytes: u64,
    pub(crate) payload_digest: String,
    pub(crate) frames: Vec<Frame>,
}

impl Header {
    /// Reads the header of an archive, and returns it with the payload, the bytes that follow it.
    /// The archive need not be trusted for this.
    ///
    /// # Errors
    ///
    /// If the bytes are not an archive of this format, were truncated, or their header was damaged.
    /// The payload is not read.
    pub fn read(archive: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (header, payload) = split(archive)?;
        let (fields, digest) = (header.parse()?, header.digest);
        fields.check(archive.len(), archive.len() - payload.len())?;
        Ok((Self { fields, digest }, payload))
    }

    /// BLAKE3 of the header's bytes. They contain the payload's digest, so this is the archive's
    /// identity.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The component's digest and the settings that it was compiled with.
    pub fn identity(&self) -> String {
        format!("{} {}", self.fields.component_digest, self.fields.profile)
    }

    /// The Wasmtime release that compiled the code.
    pub fn wasmtime_version(&self) -> &str {
        &self.fields.wasmtime
    }

    /// [`EngineConfig::fingerprint`](crate::EngineConfig::fingerprint) of the settings that it was
    /// compiled with.
    pub fn fingerprint(&self) -> &str {
        &self.fields.profile
    }

    /// The target that the code is for.
    pub fn target(&self) -> &str {
        &self.fields.target
    }

    /// The set of processor features that the code needs; empty for the architecture's own
    /// baseline.
    pub fn cpu(&self) -> &str {
        &self.fields.cpu
    }

    /// BLAKE3 of the component.
    pub fn component_digest(&self) -> &str {
        &self.fields.component_digest
    }

    /// Size of the component, in bytes.
    pub fn component_bytes(&self) -> u64 {
        self.fields.component_bytes
    }

    /// Why an instance of the component can't be reset in place, as sentences; empty if it can.
    pub fn obstacles(&self) -> &[String] {
        &self.fields.obstacles
    }

    /// Size of the decompressed code, in bytes.
    pub fn code_bytes(&self) -> u64 {
        self.fields.code_bytes
    }

    /// BLAKE3 of the payload.
    pub fn payload_digest(&self) -> &str {
        &self.fields.payload_digest
    }

    /// How many independent frames the code is compressed into.
    pub fn frame_count(&self) -> usize {
        self.fields.frames.len()
    }

    pub(super) fn frames(&self) -> &[Frame] {
        &self.fields.frames
    }

    /// Compares the payload with the digest in the header.
    pub(crate) fn check_payload(&self, payload: &[u8]) -> Result<(), Error> {
        let (expected, found) = (&self.fields.payload_digest, digest(payload));
        if found == *expected {
            return Ok(());
        }
        Err(Error::PayloadDigest {
            expected: expected.clone(),
            found,
        })
    }
}

/// A header whose digest is right.
struct RawHeader<'a> {
    json: &'a [u8],
    digest: String,
}

impl RawHeader<'_> {
    fn parse(&self) -> Result<Fields, Error> {
        serde_json::from_slice(self.json).map_err(|error| Error::InvalidHeader(error.to_string()))
    }
}

/// The header and the payload of an archive.
fn split(archive: &[u8]) -> Result<(RawHeader<'_>, &[u8]), Error> {
    let short = |expected: usize| Error::Length {
        expected: expected as u64,
        found: archive.len() as u64,
    };
    let magic = archive.get(..MAGIC.len()).unwrap_or(archive);
    if magic != MAGIC {
        return Err(match MAGIC.starts_with(magic) {
            true => short(PREFIX),
            false => Error::NotAnArchive {
                found: magic.to_vec(),
            },
        });
    }
    let Some((prefix, rest)) = archive.split_at_checked(PREFIX) else {
        return Err(short(PREFIX));
    };
    let number = |at: usize| {
        let bytes = prefix
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    let format = number(MAGIC.len());
    if format != ARCHIVE_FORMAT {
        return Err(Error::Format {
            expected: ARCHIVE_FORMAT,
            found: format,
        });
    }
    let length = number(MAGIC.len() + 4) as usize;
    let expected = hex(prefix.get(PREFIX - DIGEST..).unwrap_or_default());
    let Some((json, payload)) = rest.split_at_checked(length) else {
        return Err(short(PREFIX + length));
    };
    let digest = digest(json);
    if digest != expected {
        return Err(Error::HeaderDigest {
            expected,
            found: digest,
        });
    }
    Ok((RawHeader { json, digest }, payload))
}

impl Fields {
    /// Checks that the frames can hold the code, and fill an archive of this length from `start`.
    fn check(&self, archive_bytes: usize, start: usize) -> Result<(), Error> {
        if let Some(frame) = self.frames.iter().find(|frame| !frame.is_possible()) {
            return Err(Error::InvalidHeader(format!(
                "a frame of {} bytes can't hold {} bytes of code",
                frame.compressed, frame.raw
            )));
        }
        let sum = |size: fn(&Frame) -> u64| {
            let mut sizes = self.frames.iter().map(size);
            sizes.try_fold(0_u64, u64::checked_add)
        };
        if sum(|frame| frame.raw) != Some(self.code_bytes) {
            return Err(Error::InvalidHeader(format!(
                "its frames do not add up to {} bytes of code",
                self.code_bytes
            )));
        }
        let expected = sum(|frame| frame.compressed).and_then(|sum| sum.checked_add(start as u64));
        if expected != Some(archive_bytes as u64) {
            return Err(Error::Length {
                expected: expected.unwrap_or(u64::MAX),
                found: archive_bytes as u64,
            });
        }
        Ok(())
    }
}

/// The bytes of an archive with this header and payload.
#[cfg(feature = "compile")]
pub(crate) fn write(header: &Fields, payload: &[u8]) -> Vec<u8> {
    let header = serde_json::json!(header).to_string().into_bytes();
    let mut archive = MAGIC.to_vec();
    archive.extend(ARCHIVE_FORMAT.to_le_bytes());
    archive.extend((header.len() as u32).to_le_bytes());
    archive.extend(blake3::hash(&header).as_bytes());
    archive.extend(header);
    archive.extend(payload);
    archive
}
