//! What must hold for any bytes: the checks of the fuzz targets (`fuzz/`), which also run as tests.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a check fails by panicking, and is not part of the API"
)]

use wasmparser::{Validator, WasmFeatures};

use crate::archive::{Fields, MAX_RATIO, write};
use crate::digest::digest;
use crate::{Archive, Error, Header, inspect, instrument};

/// An archive is refused with a reason, or unpacks to the code that its header describes, in memory
/// that its own size bounds.
pub fn archive(bytes: &[u8]) {
    unpack(bytes);
    if let Some(sealed) = sealed(bytes) {
        unpack(&sealed);
    }
}

#[allow(unsafe_code, reason = "what is unpacked here is not loaded")]
fn unpack(bytes: &[u8]) {
    // SAFETY: no code of it is ever run.
    let archive = unsafe { Archive::trust(bytes) };
    let read = Header::read(bytes).map(|(header, _)| header);
    let archive = match (archive, read) {
        (Ok(archive), Ok(header)) => {
            assert_eq!(*archive.header(), header);
            archive
        }
        (Err(one), Err(other)) => return assert_eq!(one.to_string(), other.to_string()),
        (one, other) => panic!("{one:?} and {other:?}"),
    };
    let size = archive.header().code_bytes();
    assert!(
        size <= bytes.len() as u64 * MAX_RATIO,
        "{size} bytes of code"
    );
    match archive.code() {
        Ok(code) => assert_eq!(code.len() as u64, size),
        Err(Error::InvalidHeader(_) | Error::PayloadDigest { .. } | Error::Frame { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}

/// The same with digests that are right, as in a forged archive.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = bytes.split_at_checked(48)?;
    let length = u32::from_le_bytes(*start.get(12..)?.first_chunk()?) as usize;
    let (header, payload) = rest.split_at_checked(length)?;
    if let Ok(fields) = serde_json::from_slice(header) {
        let fields = Fields {
            payload_digest: digest(payload),
            ..fields
        };
        return Some(write(&fields, payload));
    }
    let digest = blake3::hash(header);
    Some([start.get(..16)?, digest.as_bytes(), header, payload].concat())
}

/// A component can be inspected or is refused with a reason, and a valid one is valid afterwards.
/// (Code is not validated before it is compiled.)
pub fn component(bytes: &[u8]) {
    let inspection = match inspect(bytes) {
        Ok(inspection) => inspection,
        Err(Error::Compile(_) | Error::TooLarge { .. }) => return,
        Err(error) => panic!("{error:?}"),
    };
    match instrument(bytes) {
        Ok(instrumented) => {
            assert!(inspection.obstacles.is_empty());
            let validate = |bytes: &[u8]| {
                let mut validator = Validator::new_with_features(WasmFeatures::all());
                validator.validate_all(bytes).map(drop)
            };
            if validate(bytes).is_ok() {
                validate(&instrumented).expect("still valid");
            }
            // It is not accepted once more.
            inspect(&instrumented).expect_err("already instrumented");
        }
        Err(Error::Obstacles(_) | Error::Compile(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn archives() {
        mutations::run("archive", 5_000, super::archive);
    }

    #[test]
    fn components() {
        mutations::run("component", 5_000, super::component);
    }
}
