//! The archive: a header that is checked before anything else is believed, then the code in independent zstd frames.
//!
//! All integers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `89 'W' 'A' 'O' 'T' 0d 0a 1a` (no text file begins so, and a text-mode copy breaks it) |
//! | 4 | format version |
//! | 4 | length of the header |
//! | 32 | BLAKE3 of the header |
//! | | the header, as JSON |
//! | | the frames, one after the other |

use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::error::Error;

const MAGIC: [u8; 8] = *b"\x89WAOT\r\n\x1a";
/// The format that this build writes and reads.
pub const FORMAT: u32 = 2;
const PREFIX: usize = MAGIC.len() + 4 + 4 + 32;
/// How many bytes one byte of a zstd frame can become at most: a block of four bytes is 128 KiB of one byte (RFC 8878). A header
/// that says more was not written by zstd, and would have memory set aside for nothing.
pub(crate) const DENSEST: u64 = 32 << 10;

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The Wasmtime release that compiled the code.
    pub wasmtime: String,
    /// [`EngineProfile::fingerprint`](crate::EngineProfile::fingerprint) of the engine that compiled it.
    pub profile: String,
    /// The target that the code is for.
    pub target: String,
    /// The set of processor features that the code needs; empty for the architecture's baseline.
    pub cpu: String,
    /// BLAKE3 of the component.
    pub component_digest: String,
    /// Size of the component, in bytes.
    pub component_bytes: u64,
    /// Why an instance of it can't be taken back to a state it had, in words; empty if it can.
    pub obstacles: Vec<String>,
    /// Size of the code, in bytes.
    pub code_bytes: u64,
    /// BLAKE3 of the frames.
    pub payload_digest: String,
    /// The frames, in order.
    pub frames: Vec<Frame>,
}

/// One zstd frame, which decompresses without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Compressed size, in bytes.
    pub compressed: u64,
    /// Decompressed size, in bytes.
    pub raw: u64,
}

/// An archive whose header was checked against itself.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use artifact_embed::Archive;
///
/// // SAFETY: an archive is machine code; this one comes from our own build.
/// let archive = unsafe { Archive::trust(std::fs::read("guest.aot")?) }?;
/// println!("{} of Wasmtime {} for {}", archive.digest(), archive.header().wasmtime, archive.header().target);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Archive<'a> {
    header: Header,
    digest: String,
    payload: Cow<'a, [u8]>,
}

impl Header {
    /// What the component is: its digest and the settings that it was compiled with.
    pub fn identity(&self) -> String {
        format!("{} {}", self.component_digest, self.profile)
    }

    /// Compares what follows the header with the digest in it.
    pub(crate) fn check(&self, payload: &[u8]) -> Result<(), Error> {
        let found = digest(payload);
        if found == self.payload_digest {
            return Ok(());
        }
        Err(Error::PayloadDigest {
            expected: self.payload_digest.clone(),
            found,
        })
    }

    /// Reads the header of an archive, which need not be trusted for that, and what follows it.
    pub fn read(archive: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (header, _, payload) = split(archive)?;
        Ok((header, payload))
    }

    /// [`Archive::digest`] of an archive, which need not be trusted for that.
    pub fn digest(archive: &[u8]) -> Result<String, Error> {
        Ok(split(archive)?.1)
    }
}

fn split(archive: &[u8]) -> Result<(Header, String, &[u8]), Error> {
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
    if format != FORMAT {
        return Err(Error::Format {
            expected: FORMAT,
            found: format,
        });
    }
    let length = number(MAGIC.len() + 4) as usize;
    let expected = hex(prefix.get(PREFIX - 32..).unwrap_or_default());
    let Some((header, payload)) = rest.split_at_checked(length) else {
        return Err(short(PREFIX + length));
    };
    let digest = digest(header);
    if digest != expected {
        return Err(Error::HeaderDigest {
            expected,
            found: digest,
        });
    }
    let header: Header =
        serde_json::from_slice(header).map_err(|error| Error::Header(error.to_string()))?;
    let dense = |frame: &&Frame| frame.raw > frame.compressed.saturating_mul(DENSEST);
    if let Some(frame) = header.frames.iter().find(dense) {
        return Err(Error::Header(format!(
            "a frame of {} bytes can't hold {} bytes of code",
            frame.compressed, frame.raw
        )));
    }
    let sum = |size: fn(&Frame) -> u64| {
        header
            .frames
            .iter()
            .try_fold(0_u64, |sum, frame| sum.checked_add(size(frame)))
    };
    if sum(|frame| frame.raw) != Some(header.code_bytes) {
        return Err(Error::Header(format!(
            "its frames do not add up to {} bytes of code",
            header.code_bytes
        )));
    }
    let expected =
        sum(|frame| frame.compressed).and_then(|sum| sum.checked_add((PREFIX + length) as u64));
    if expected != Some(archive.len() as u64) {
        return Err(Error::Length {
            expected: expected.unwrap_or(u64::MAX),
            found: archive.len() as u64,
        });
    }
    Ok((header, digest, payload))
}

impl<'a> Archive<'a> {
    /// Takes `bytes` for an archive.
    ///
    /// # Errors
    ///
    /// If they are none, or were cut, or their header was damaged. Damage to the payload shows when it is loaded.
    ///
    /// # Safety
    ///
    /// Loading an archive runs the machine code in it. The digests find accidents and not forgery: whoever wrote the
    /// bytes must be trusted like whoever built this program.
    #[allow(
        unsafe_code,
        reason = "loading is safe given this promise, so the promise stands here"
    )]
    pub unsafe fn trust(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        let (header, digest, payload) = split(&bytes)?;
        let start = bytes.len() - payload.len();
        let payload = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..).unwrap_or_default()),
            Cow::Owned(mut bytes) => {
                bytes.drain(..start);
                Cow::Owned(bytes)
            }
        };
        Ok(Self {
            header,
            digest,
            payload,
        })
    }

    /// What the archive says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// BLAKE3 of the header, which has the payload's digest in it: the archive's identity.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The code, its digest checked, decompressed on all cores.
    pub(crate) fn code(&self) -> Result<Vec<u8>, Error> {
        self.header.check(&self.payload)?;
        let too_large = || {
            Error::Header(format!(
                "{} bytes of code do not fit in memory",
                self.header.code_bytes
            ))
        };
        let size = usize::try_from(self.header.code_bytes).map_err(|_| too_large())?;
        let mut code = Vec::new();
        code.try_reserve_exact(size).map_err(|_| too_large())?;
        code.resize(size, 0);

        let mut jobs = Vec::with_capacity(self.header.frames.len());
        let (mut packed, mut raw) = (&*self.payload, code.as_mut_slice());
        for (
            frame,
            &Frame {
                compressed,
                raw: length,
            },
        ) in self.header.frames.iter().enumerate()
        {
            // The sums were checked, so that both splits are within bounds.
            let (from, packed_rest) = packed.split_at(packed.len().min(compressed as usize));
            let (into, raw_rest) = raw.split_at_mut(raw.len().min(length as usize));
            (packed, raw) = (packed_rest, raw_rest);
            jobs.push((frame, from, into));
        }
        in_parallel(jobs, |(frame, from, into)| {
            let expected = into.len();
            match zstd::bulk::decompress_to_buffer(from, into) {
                Ok(length) if length == expected => Ok(()),
                Ok(length) => Err(Error::Frame {
                    frame,
                    reason: format!("{length} bytes instead of {expected}"),
                }),
                Err(error) => Err(Error::Frame {
                    frame,
                    reason: error.to_string(),
                }),
            }
        })?;
        Ok(code)
    }
}

/// Writes an archive of `code`. The header's payload digest and frames are filled in here.
#[cfg(feature = "compile")]
pub(crate) fn write(header: Header, code: &[u8], level: i32) -> Result<Vec<u8>, Error> {
    /// Small enough that a few cores have work at once, large enough to cost little in size.
    const FRAME: usize = 16 << 20;
    let packed: Mutex<Vec<Vec<u8>>> = Mutex::new(vec![Vec::new(); code.len().div_ceil(FRAME)]);
    in_parallel(
        code.chunks(FRAME).enumerate().collect(),
        |(frame, chunk)| {
            let bytes = zstd::bulk::compress(chunk, level).map_err(|error| Error::Frame {
                frame,
                reason: error.to_string(),
            })?;
            if let Some(slot) = packed
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .get_mut(frame)
            {
                *slot = bytes;
            }
            Ok(())
        },
    )?;
    let packed = packed
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let frame = |(packed, raw): (&Vec<u8>, &[u8])| Frame {
        compressed: packed.len() as u64,
        raw: raw.len() as u64,
    };
    let frames = packed.iter().zip(code.chunks(FRAME)).map(frame).collect();
    let payload = packed.concat();
    let header = Header {
        frames,
        payload_digest: digest(&payload),
        code_bytes: code.len() as u64,
        ..header
    };
    Ok(assemble(&header, &payload))
}

/// The bytes of an archive with this header and payload.
#[cfg(any(test, feature = "compile"))]
pub(crate) fn assemble(header: &Header, payload: &[u8]) -> Vec<u8> {
    let header = serde_json::json!(header).to_string().into_bytes();
    let mut archive = MAGIC.to_vec();
    archive.extend(FORMAT.to_le_bytes());
    archive.extend((header.len() as u32).to_le_bytes());
    archive.extend(blake3::hash(&header).as_bytes());
    archive.extend(header);
    archive.extend(payload);
    archive
}

/// Does all jobs on all cores, and reports the first that failed.
fn in_parallel<J: Send>(
    jobs: Vec<J>,
    work: impl Fn(J) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let threads = thread::available_parallelism()
        .map_or(1, |cores| cores.get())
        .min(jobs.len());
    let jobs: Vec<Mutex<Option<J>>> = jobs.into_iter().map(|job| Mutex::new(Some(job))).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(job) = job
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .take()
            {
                work(job)?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        // This thread works too, and alone where no other can be had.
        let others: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, worker).ok())
            .collect();
        let mut result = worker();
        for other in others {
            let other = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result = result.and(other);
        }
        result
    })
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
