//! The code in zstd frames, packed and unpacked on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How many bytes one byte of a zstd frame can become at most: a block of four bytes is 128 KiB of
/// one byte (RFC 8878). A header that claims more was not written by zstd, and would have memory
/// reserved for nothing.
pub(crate) const MAX_RATIO: u64 = 32 << 10;

/// One zstd frame, which decompresses without the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    /// Compressed size, in bytes.
    pub(super) compressed: u64,
    /// Decompressed size, in bytes.
    pub(super) raw: u64,
}

impl Frame {
    pub(super) fn is_possible(&self) -> bool {
        self.raw <= self.compressed.saturating_mul(MAX_RATIO)
    }
}

/// Compresses `code` at a zstd level into frames, which are returned one after the other.
#[cfg(feature = "compile")]
pub(crate) fn compress(code: &[u8], level: i32) -> Result<(Vec<Frame>, Vec<u8>), Error> {
    /// Small enough that a few cores have work at once, large enough to cost little in size.
    const FRAME: usize = 16 << 20;
    let mut packed = vec![Vec::new(); code.len().div_ceil(FRAME)];
    let jobs = code.chunks(FRAME).zip(&mut packed).enumerate().collect();
    in_parallel(jobs, |(frame, (chunk, packed))| {
        *packed = zstd::bulk::compress(chunk, level).map_err(|error| Error::Frame {
            frame,
            reason: error.to_string(),
        })?;
        Ok(())
    })?;
    let frame = |(packed, raw): (&Vec<u8>, &[u8])| Frame {
        compressed: packed.len() as u64,
        raw: raw.len() as u64,
    };
    let frames = packed.iter().zip(code.chunks(FRAME)).map(frame).collect();
    Ok((frames, packed.concat()))
}

/// Decompresses `frames`, which lie one after the other in `payload`, into `code_bytes` bytes.
///
/// The frames' sizes must add up to the lengths of both.
pub(super) fn decompress(
    frames: &[Frame],
    payload: &[u8],
    code_bytes: u64,
) -> Result<Vec<u8>, Error> {
    let too_large =
        || Error::InvalidHeader(format!("{code_bytes} bytes of code do not fit in memory"));
    let size = usize::try_from(code_bytes).map_err(|_| too_large())?;
    let mut code = Vec::new();
    code.try_reserve_exact(size).map_err(|_| too_large())?;
    code.resize(size, 0);

    let mut jobs = Vec::with_capacity(frames.len());
    let (mut packed, mut raw) = (payload, code.as_mut_slice());
    for (number, frame) in frames.iter().enumerate() {
        // `min` because a slice can't be split beyond its end; the sums make sure that it is not.
        let (from, packed_rest) = packed.split_at(packed.len().min(frame.compressed as usize));
        let (into, raw_rest) = raw.split_at_mut(raw.len().min(frame.raw as usize));
        (packed, raw) = (packed_rest, raw_rest);
        jobs.push((number, from, into));
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

/// Does all jobs on all cores, and returns the first error of the first thread that has one.
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
            let job = job.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(job) = job {
                work(job)?;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        // This thread works too, and alone where no other can be started.
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
