//! What is released: the manifests of the crates that are published, and what `cargo xtask dist`
//! makes of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use artifact_embed::{HOST_TARGET, Header};
use common::{root, xtask};
use guest_stamp::{Lock, take};
use serde_json::Value;

/// Folders of packages that are the workspace's own business.
const UNPUBLISHED: [&str; 6] = [
    "benches",
    "docs",
    "examples",
    "fuzz",
    "wit-wire-host/test-support",
    "xtask",
];

fn is_published(package: &Value) -> bool {
    let root = root().canonicalize().unwrap();
    let manifest = Path::new(text(&package["manifest_path"]));
    let inside = manifest.strip_prefix(root).unwrap();
    !UNPUBLISHED.iter().any(|folder| inside.starts_with(folder))
}

fn crates() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args("metadata --offline --no-deps --format-version 1".split(' '));
    let output = cargo.current_dir(root()).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn who_reads_the_registry_finds_what_a_crate_is_for() {
    let mut published = 0;
    for package in crates() {
        let name = text(&package["name"]);
        if !is_published(&package) {
            assert_eq!(
                package["publish"].as_array().map(Vec::len),
                Some(0),
                "{name}"
            );
            continue;
        }
        published += 1;
        assert!(package["publish"].is_null(), "{name}");
        for field in ["description", "license", "rust_version"] {
            assert!(!text(&package[field]).is_empty(), "{name}: {field}");
        }
        // Nobody looks for what `python-runtime` brings.
        if name.starts_with("python-runtime-") {
            continue;
        }
        let folder = Path::new(text(&package["manifest_path"])).parent().unwrap();
        let readme = std::fs::read_to_string(folder.join(text(&package["readme"]))).unwrap();
        assert!(readme.starts_with(&format!("# {name}\n")), "{name}");
        for (field, most) in [("keywords", 5), ("categories", 5)] {
            let count = package[field].as_array().unwrap().len();
            assert!((1..=most).contains(&count), "{name}: {count} {field}");
        }
    }
    assert!(published > 10, "{published}");
}

/// Compiled code fits the very release that it was made for.
#[test]
fn crates_of_one_release_find_each_other() {
    let crates = crates();
    let ours: BTreeMap<_, _> = crates
        .iter()
        .map(|package| (text(&package["name"]), text(&package["version"])))
        .collect();
    for package in &crates {
        let dependencies = package["dependencies"].as_array().unwrap();
        for dependency in dependencies {
            let (name, asked) = (text(&dependency["name"]), text(&dependency["req"]));
            let Some(version) = ours.get(name) else {
                continue;
            };
            // Cargo leaves dependencies without a version out of packages, if they are for tests.
            let is_left_out = text(&dependency["kind"]) == "dev" && asked == "*";
            assert!(
                asked == format!("={version}") || is_left_out || !is_published(package),
                "{}: {name} {asked}",
                package["name"]
            );
        }
    }
}

fn files_of(package: &Path) -> Vec<String> {
    let output = Command::new("tar")
        .arg("-tzf")
        .arg(package)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    // Each begins with the folder that all are in.
    let inside = names.lines().map(|name| name.split_once('/').unwrap().1);
    inside.map(str::to_owned).collect()
}

#[test]
fn dist_makes_packages_that_are_all_a_program_needs() {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let (passed, stdout, stderr) = xtask(&["dist", "--target", HOST_TARGET, "--check"]);
    assert!(passed, "{stderr}");
    // What the program prints, with the guest first unpacked and then cached.
    let answers = stdout.matches("Ada, Grace: guest loaded after ");
    assert_eq!(answers.count(), 2, "{stdout}");
    let dist = root().join("target/dist");
    let bytes = std::fs::read(dist.join(format!("python-{arch}-{os}.aot"))).unwrap();
    assert_eq!(Header::read(&bytes).unwrap().0.target(), HOST_TARGET);

    let archive = dist.join(format!("python-{arch}-{os}.aot"));
    another_checkout_takes(&archive, &dist.join("guest.lock"));

    let sums = std::fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
    let mut packages = BTreeMap::new();
    for line in sums.lines() {
        let (_, name) = line.split_once("  ").unwrap();
        assert!(stdout.contains(name), "{stdout}");
        if let Some(package) = name.strip_suffix("-0.1.0.crate") {
            packages.insert(package.to_owned(), files_of(&dist.join(name)));
        }
    }
    let prebuilt = format!("python-runtime-{arch}-{os}");
    let licence = "LICENSE-PYTHON";
    for (package, files) in [
        ("python-runtime", ["guest/python.wasm.zst", licence]),
        (&prebuilt, ["python.aot", licence]),
    ] {
        for file in files {
            assert!(
                packages[package].iter().any(|name| name == file),
                "{package}: {file}"
            );
        }
    }
    let cargos = [
        "Cargo.toml",
        "Cargo.toml.orig",
        "Cargo.lock",
        ".cargo_vcs_info.json",
    ];
    for (package, files) in &packages {
        for file in files {
            let ours = cargos.contains(&file.as_str())
                || ["build.rs", "README.md", "python.aot", licence].contains(&file.as_str())
                || file.starts_with("src/")
                || file.starts_with("guest/");
            assert!(ours, "{package}: {file}");
        }
    }
    let others = |package: &Value| {
        let name = text(&package["name"]).to_owned();
        let is_other =
            !is_published(package) || (name.starts_with("python-runtime-") && name != prebuilt);
        (!is_other).then_some(name)
    };
    let expected: BTreeSet<_> = crates().iter().filter_map(others).collect();
    let found: BTreeSet<_> = packages.into_keys().collect();
    assert_eq!(found, expected);
}

/// What `WIT_WIRE_GUEST` names is taken if it is what the lock says, byte for byte, and the lock is
/// of these sources.
fn another_checkout_takes(archive: &Path, lock: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for _ in 0..2 {
        take(archive, lock, &at("guest")).unwrap();
        let taken = std::fs::read(at("guest/python.aot")).unwrap();
        assert!(taken == std::fs::read(archive).unwrap());
    }

    let mut changed = std::fs::read(archive).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(at("changed.aot"), changed).unwrap();
    let mut stale = Lock::read(lock).unwrap();
    stale.sources.replace_range(..1, "-");
    stale.write(&at("stale.lock")).unwrap();
    let mut others = Lock::read(lock).unwrap();
    others.archives.clear();
    others.write(&at("others.lock")).unwrap();
    for (archive, lock, said) in [
        (&*at("changed.aot"), lock, "another archive than the lock"),
        (
            archive,
            &at("stale.lock"),
            "sources of the Python guest changed",
        ),
        (archive, &at("others.lock"), "names no archive for"),
        (archive, &at("none.lock"), "none.lock"),
    ] {
        let error = take(archive, lock, &at("not")).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(said), "{error}");
        assert!(!at("not").exists());
    }
}

/// `verify` of an archive and a component.
fn verify(archive: &Path, component: &Path) -> (bool, String) {
    let words = [archive, component].map(|path| path.display().to_string());
    let (passed, stdout, stderr) = xtask(&["verify", &words[0], &words[1]]);
    (passed, stdout + &stderr)
}

#[test]
fn verify_tells_what_a_component_compiles_to_from_all_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let component = root().join("target/guest/rust.wasm");
    let config = artifact_embed::EngineConfig::default();
    let target = format!("{}-apple-darwin", std::env::consts::ARCH);
    let compiled =
        || artifact_embed::compile(&std::fs::read(&component).unwrap(), &config, &target);
    for effort in [artifact_embed::Effort::Fast, artifact_embed::Effort::Small] {
        std::fs::write(at("a.aot"), compiled().unwrap().pack(effort).unwrap()).unwrap();
        let (same, said) = verify(&at("a.aot"), &component);
        assert!(
            same && said.contains("a.aot: the same, byte for byte"),
            "{said}"
        );
    }

    let (same, said) = verify(&at("a.aot"), &root().join("target/guest/rust-shop.wasm"));
    assert!(!same && said.contains("of another component"), "{said}");

    // One that another component's code was put into, under this one's name.
    let other = std::fs::read(root().join("target/guest/rust-shop.wasm")).unwrap();
    let forged = artifact_embed::compile(&other, &config, &target).unwrap();
    let forged = forged.pack(artifact_embed::Effort::Fast).unwrap();
    std::fs::write(
        at("a.aot"),
        renamed(&forged, &std::fs::read(&component).unwrap()),
    )
    .unwrap();
    let (same, said) = verify(&at("a.aot"), &component);
    assert!(!same && said.contains("is not what"), "{said}");
}

/// The archive with `component`'s digest in its header, and the header's own set right.
fn renamed(archive: &[u8], component: &[u8]) -> Vec<u8> {
    let (_, payload) = Header::read(archive).unwrap();
    let header = &archive[48..archive.len() - payload.len()];
    let mut header: serde_json::Value = serde_json::from_slice(header).unwrap();
    header["component_digest"] = blake3::hash(component).to_hex().as_str().into();
    let header = serde_json::to_vec(&header).unwrap();
    let length = u32::try_from(header.len()).unwrap().to_le_bytes();
    let digest = blake3::hash(&header);
    [&archive[..12], &length, digest.as_bytes(), &header, payload].concat()
}
