//! What must hold for any bytes: the checks of the fuzz targets (`fuzz/`), which also run as tests.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a check fails by panicking, and is not part of the API"
)]

use arbitrary::{Result, Unstructured};
use peak_alloc::PeakAlloc;
use wasm_encoder::ComponentBuilder;
use wasm_smith::{Config, Module};
use wasmparser::{Validator, WasmFeatures};

use crate::archive::{Fields, MAX_RATIO, write};
use crate::digest::digest;
use crate::{
    Archive, EngineConfig, Error, HOST_TARGET, Header, compile, fold_constants, inspect, instrument,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

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
    let validate = |bytes: &[u8]| {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        validator.validate_all(bytes).map(drop)
    };
    let folded = fold_constants(bytes).expect("it was read");
    if validate(bytes).is_ok() {
        validate(&folded).expect("still valid");
    }
    match instrument(bytes) {
        Ok(instrumented) => {
            assert!(instrumented.obstacles.is_superset(&inspection.obstacles));
            if validate(bytes).is_ok() {
                validate(&instrumented.component).expect("still valid");
            }
            // It is not accepted once more.
            inspect(&instrumented.component).expect_err("already instrumented");
        }
        Err(Error::Compile(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

/// A component of less than 256 KB, which is made of `bytes`, is compiled within 512 MB or refused
/// with a reason. Its shape is one that no compiler writes.
pub fn compiler(bytes: &[u8]) {
    let Ok(module) = module(&mut Unstructured::new(bytes)) else {
        return;
    };
    let mut component = ComponentBuilder::default();
    component.core_module_raw(None, &module);
    let component = component.finish();
    if component.len() > 256 << 10 {
        return;
    }
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    match compile(&component, &EngineConfig::default(), HOST_TARGET) {
        Ok(_) | Err(Error::TooLarge { .. } | Error::Compile(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
    let peak = MEMORY.peak_usage().saturating_sub(before);
    let bytes = component.len();
    assert!(peak < 512 << 20, "{bytes} bytes took {peak} to compile");
}

/// A valid module: how large its parts may be and which features it uses are random too.
fn module(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut least = |numbers: [usize; 3]| random.choose(&numbers).copied();
    let config = Config {
        min_funcs: least([1, 10, 1_000])?,
        min_types: least([1, 20, 300])?,
        min_globals: least([0, 20, 1_000])?,
        min_element_segments: least([0, 5, 100])?,
        min_data_segments: least([0, 5, 100])?,
        max_funcs: 10_000,
        max_types: 1_000,
        max_globals: 1_000,
        max_elements: 100_000,
        max_element_segments: 1_000,
        max_data_segments: 1_000,
        max_instructions: 100_000,
        // Beyond it, data at both ends of a memory would be all that is refused.
        max_memory32_bytes: 64 << 20,
        // What the engine has switched off.
        gc_enabled: false,
        reference_types_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        // Imports would have to be satisfied, and are not compiled.
        max_imports: 0,
        ..Config::default()
    };
    Ok(Module::new(config, random)?.to_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn compilers() {
        mutations::run("compiler", 200, super::compiler);
    }

    #[test]
    fn archives() {
        mutations::run("archive", 5_000, super::archive);
    }

    #[test]
    fn components() {
        mutations::run("component", 5_000, super::component);
    }
}
