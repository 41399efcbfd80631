//! What an archive survives, and what it is refused for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use artifact_embed::{
    ARCHIVE_FORMAT, Backing, Effort, EngineConfig, Error, HOST_TARGET, Header, WASMTIME_VERSION,
    compile,
};
use common::{COMPONENT, answer, archive, archive_for, load, loader, with_header};
use serde_json::{Value, json};

#[test]
fn an_archive_loads_from_every_backing_and_runs() {
    let archive = archive();
    let folder = tempfile::tempdir().unwrap();
    for backing in [Backing::CacheFile, Backing::Memfd, Backing::Memory] {
        if backing == Backing::Memfd && !cfg!(target_os = "linux") {
            continue;
        }
        let loader = loader()
            .with_backings([backing])
            .with_cache_folder(folder.path().join("private"));
        let loaded = load(&loader, &archive).unwrap();
        assert_eq!(loaded.backing, backing);
        assert_eq!(answer(&loader, &loaded), 42);
    }
}

#[test]
fn both_efforts_hold_the_same_code_and_say_what_it_is() {
    let compiled = || compile(COMPONENT, &EngineConfig::default(), HOST_TARGET).unwrap();
    let fast = compiled().pack(Effort::Fast).unwrap();
    let small = compiled().pack(Effort::Small).unwrap();
    assert!(
        small.len() < fast.len(),
        "{} and {}",
        small.len(),
        fast.len()
    );
    let (header, payload) = Header::read(&small).unwrap();
    assert_eq!(header.wasmtime_version(), WASMTIME_VERSION);
    assert_eq!(header.target(), HOST_TARGET);
    assert_eq!(header.component_bytes(), COMPONENT.len() as u64);
    assert_eq!(
        header.component_digest(),
        blake3::hash(COMPONENT).to_hex().as_str()
    );
    assert_eq!(
        header.payload_digest(),
        blake3::hash(payload).to_hex().as_str()
    );
    assert_eq!(
        header.code_bytes(),
        Header::read(&fast).unwrap().0.code_bytes()
    );
    let loader = loader().with_backings([Backing::Memory]);
    assert_eq!(answer(&loader, &load(&loader, &small).unwrap()), 42);
}

#[test]
fn the_same_component_becomes_the_same_bytes() {
    let state = include_bytes!("common/state.wasm");
    for component in [COMPONENT, state] {
        let archive = || {
            let compiled = compile(component, &EngineConfig::default(), HOST_TARGET).unwrap();
            compiled.pack(Effort::Fast).unwrap()
        };
        let first = archive();
        for _ in 0..4 {
            assert!(archive() == first);
        }
    }
}

#[test]
fn every_flipped_byte_is_noticed() {
    let archive = archive();
    let loader = loader().with_backings([Backing::Memory]);
    for at in 0..archive.len() {
        let mut flipped = archive.clone();
        flipped[at] ^= 1 << (at % 8);
        let error = load(&loader, &flipped)
            .err()
            .unwrap_or_else(|| panic!("byte {at} was changed and not noticed"));
        let expected = match at {
            0..8 => matches!(error, Error::NotAnArchive { .. }),
            8..12 => matches!(
                error,
                Error::Format {
                    expected: ARCHIVE_FORMAT,
                    ..
                }
            ),
            12..16 => matches!(error, Error::HeaderDigest { .. } | Error::Length { .. }),
            _ => matches!(
                error,
                Error::HeaderDigest { .. } | Error::PayloadDigest { .. }
            ),
        };
        assert!(expected, "byte {at}: {error}");
    }
}

#[test]
fn every_other_length_is_noticed() {
    let archive = archive();
    let loader = loader().with_backings([Backing::Memory]);
    for length in 0..archive.len() {
        let error = load(&loader, &archive[..length]).unwrap_err();
        assert!(
            matches!(error, Error::Length { found, .. } if found == length as u64),
            "{length}: {error}"
        );
    }
    let longer = [archive.as_slice(), b"more"].concat();
    assert!(matches!(load(&loader, &longer), Err(Error::Length { .. })));
    let error = load(&loader, b"\x7fELF\x02\x01\x01\0 and so on").unwrap_err();
    assert!(
        matches!(&error, Error::NotAnArchive { found } if found == b"\x7fELF\x02\x01\x01\0"),
        "{error}"
    );
}

#[test]
fn each_mismatch_names_both_values() {
    let archive = archive();
    let loader = loader().with_backings([Backing::Memory]);
    let changed = |field: &str, value: Value| {
        let archive = with_header(&archive, |header| header[field] = value);
        load(&loader, &archive).unwrap_err()
    };
    let error = changed("wasmtime", json!("47.0.0"));
    assert!(
        matches!(&error, Error::WasmtimeVersion { expected, found } if expected == WASMTIME_VERSION && found == "47.0.0"),
        "{error}"
    );
    let error = changed("target", json!("riscv64gc-unknown-linux-gnu"));
    assert!(
        matches!(&error, Error::Target { expected, found } if expected == HOST_TARGET && found.starts_with("riscv64gc")),
        "{error}"
    );
    let error = changed("cpu", json!("x86-64-v9"));
    assert!(
        matches!(&error, Error::Cpu { cpu, missing } if cpu == "x86-64-v9" && !missing.is_empty()),
        "{error}"
    );
    let error = changed("code_bytes", json!(1));
    assert!(matches!(&error, Error::InvalidHeader(_)), "{error}");
    let error = changed("surprise", json!(1));
    assert!(
        matches!(&error, Error::InvalidHeader(why) if why.contains("surprise")),
        "{error}"
    );
    let error = changed(
        "frames",
        json!([{"compressed": u64::MAX, "raw": 1}, {"compressed": 2, "raw": u64::MAX}]),
    );
    assert!(matches!(&error, Error::InvalidHeader(_)), "{error}");
}

#[test]
fn a_frame_that_lies_about_its_size_is_refused() {
    let archive = archive();
    let lying = with_header(&archive, |header| {
        let raw = header["code_bytes"].as_u64().unwrap() + 4096;
        header["code_bytes"] = json!(raw);
        header["frames"][0]["raw"] = json!(raw);
    });
    let error = load(&loader().with_backings([Backing::Memory]), &lying).unwrap_err();
    assert!(matches!(&error, Error::Frame { frame: 0, .. }), "{error}");
    // The first would fit into the address space, and not into memory.
    for absurd in [1_u64 << 36, 1 << 62] {
        let absurd = with_header(&archive, |header| {
            header["code_bytes"] = json!(absurd);
            header["frames"][0]["raw"] = json!(absurd);
        });
        let error = load(&loader().with_backings([Backing::Memory]), &absurd).unwrap_err();
        assert!(
            matches!(&error, Error::InvalidHeader(why) if why.contains("can't hold")),
            "{error}"
        );
    }
}

#[test]
fn an_engine_with_other_settings_refuses_the_archive() {
    let other = EngineConfig::default().with_memory_guard(64 << 20);
    let archive = archive_for(&other, HOST_TARGET).unwrap();
    let error = load(&loader().with_backings([Backing::Memory]), &archive).unwrap_err();
    let Error::EngineConfig { expected, found } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (expected, found),
        (&EngineConfig::default().fingerprint(), &other.fingerprint())
    );

    // Wasmtime itself notices too, should a header claim otherwise.
    let lying = with_header(&archive, |header| {
        header["profile"] = json!(EngineConfig::default().fingerprint())
    });
    let error = load(&loader().with_backings([Backing::Memory]), &lying).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");

    // Code does not depend on the sizes of stacks.
    let deep = other.clone().with_wasm_stack(1 << 20);
    assert_eq!(deep.fingerprint(), other.fingerprint());
}

#[test]
fn a_named_target_is_compiled_for_and_refused_elsewhere() {
    let loader = loader().with_backings([Backing::Memory]);
    let mut refused = 0;
    for (os, environments) in [
        ("apple-darwin", [""; 2]),
        ("pc-windows", ["-msvc", "-gnu"]),
        ("unknown-linux", ["-gnu", "-musl"]),
    ] {
        for environment in environments {
            let target = format!("{}-{os}{environment}", std::env::consts::ARCH);
            let archive = archive_for(&EngineConfig::default(), &target).unwrap();
            assert_eq!(Header::read(&archive).unwrap().0.target(), target);
            let loaded = load(&loader, &archive);
            // Targets that differ in the environment alone share code.
            if HOST_TARGET.contains(os) {
                loaded.unwrap();
                continue;
            }
            let error = loaded.unwrap_err();
            assert!(
                matches!(&error, Error::Target { expected, found } if expected == HOST_TARGET && *found == target),
                "{error}"
            );
            refused += 1;
        }
    }
    assert_eq!(refused, 4);

    let error = archive_for(&EngineConfig::default(), "no-such-target").unwrap_err();
    assert!(
        matches!(&error, Error::UnsupportedTarget { target, .. } if target == "no-such-target"),
        "{error}"
    );
}

#[test]
fn what_is_not_a_component_does_not_compile() {
    let error = compile(b"not wasm", &EngineConfig::default(), HOST_TARGET).unwrap_err();
    assert!(matches!(error, Error::Compile(_)), "{error}");
}

#[test]
fn the_version_constant_is_the_pinned_release() {
    let manifest = include_str!("../../Cargo.toml");
    assert!(
        manifest.contains(&format!("wasmtime = {{ version = \"={WASMTIME_VERSION}\"")),
        "{WASMTIME_VERSION}"
    );
}

#[test]
fn a_build_that_embedded_nothing_says_what_to_run() {
    #[allow(unsafe_code, reason = "there are no bytes to trust")]
    // SAFETY: there are no bytes.
    let embedded = unsafe { artifact_embed::Embedded::new("guest", "run `make guest`", None) };
    assert!(!embedded.is_present());
    let error = embedded.archive().unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotEmbedded {
                name: "guest",
                remedy: "run `make guest`"
            }
        ),
        "{error}"
    );
    assert!(error.to_string().ends_with("run `make guest`"), "{error}");
}
