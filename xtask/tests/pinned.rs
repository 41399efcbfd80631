//! Whatever is fetched from elsewhere to build or test this is named by version and digest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of this checkout that are not made by a build.
fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let made = ["target", "node_modules", ".git"];
    let all = WalkDir::new(root()).into_iter().filter_entry(|entry| {
        let name = entry.file_name().to_str();
        !name.is_some_and(|name| made.contains(&name))
    });
    let files = all.map(|entry| entry.unwrap().into_path());
    let found: Vec<_> = files
        .filter(|path| path.is_file() && wanted(path))
        .collect();
    assert!(!found.is_empty());
    found
}

fn named(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|found| found == name)
}

/// What is wrong with the lines of a pip requirements file.
fn unpinned(requirements: &str) -> Vec<String> {
    let joined = requirements.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(|line| line.split(" #").next().unwrap().trim());
    let asks = lines.filter(|line| !line.is_empty() && !line.starts_with(['#']));
    // The one option that says nothing of where from or what.
    let asks = asks.filter(|line| !line.starts_with("--no-binary "));
    let is_digest = |word: &str| {
        word.strip_prefix("--hash=sha256:").is_some_and(|digest| {
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    let is_pinned = |line: &&str| {
        let mut words = line.split_whitespace();
        let exact = words.next().and_then(|name| name.split_once("=="));
        let exact = exact.is_some_and(|(name, version)| {
            !name.is_empty() && !version.is_empty() && !version.contains(['*', '<', '>', ','])
        });
        let digests: Vec<_> = words.collect();
        exact && !digests.is_empty() && digests.into_iter().all(is_digest)
    };
    asks.filter(|line| !is_pinned(line))
        .map(str::to_owned)
        .collect()
}

#[test]
fn python_packages_have_versions_and_digests() {
    let hash = format!("--hash=sha256:{}", "0".repeat(64));
    for bad in [
        "mypy",
        "mypy==1.18.2",
        "mypy>=1 --hash=sha256:00",
        "mypy==1.18.2 --hash=sha256:00",
        "mypy==1.18.2 --hash=md5:00",
        "-r more.txt",
        "--extra-index-url https://example.org",
        "git+https://example.org/mypy",
        "./mypy",
    ] {
        assert_eq!(unpinned(bad), [bad]);
        let well = format!("other==1 \\\n    {hash}\n# more\n{bad}\n");
        assert_eq!(unpinned(&well), [bad]);
    }
    assert_eq!(unpinned(&format!("mypy==1.* {hash}")).len(), 1);

    let requirements = files(|path| {
        let text = path.extension().is_some_and(|kind| kind == "txt");
        text && fs::read_to_string(path).is_ok_and(|text| {
            named(path, "requirements.txt") || text.contains("--hash") || text.contains("==")
        })
    });
    assert!(requirements.len() >= 5, "{requirements:?}");
    for path in requirements {
        let found = unpinned(&fs::read_to_string(&path).unwrap());
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

#[test]
fn javascript_packages_have_versions_and_digests() {
    for path in files(|path| named(path, "package-lock.json")) {
        let lock: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            let digest = package["integrity"].as_str();
            assert!(
                digest.is_some_and(|digest| digest.starts_with("sha512-")),
                "{name}"
            );
            assert!(
                package["version"].is_string() && package["link"].is_null(),
                "{name}"
            );
        }
    }
    for path in files(|path| named(path, "package.json")) {
        let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for kind in ["dependencies", "devDependencies", "optionalDependencies"] {
            for (name, version) in manifest[kind].as_object().into_iter().flatten() {
                let version = version.as_str().unwrap();
                let exact = version
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.');
                assert!(
                    exact || version == "file:..",
                    "{}: {name} {version}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn crates_have_digests() {
    let locks = [
        "Cargo.lock",
        "fuzz/Cargo.lock",
        "guest-glue/python/native/Cargo.lock",
    ];
    let locks = locks.map(|lock| fs::read_to_string(root().join(lock)).unwrap());
    let crates = locks
        .iter()
        .flat_map(|lock| lock.split("[[package]]").skip(1));
    let fetched: Vec<_> = crates
        .filter(|package| package.contains("\nsource = "))
        .collect();
    assert!(fetched.len() > 100);
    for package in fetched {
        assert!(
            package
                .contains("\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n")
                && package.contains("\nchecksum = \""),
            "{package}"
        );
    }
}

/// Debian's packages are checked by apt, with the distribution's keys. There is no further way in.
#[test]
fn nothing_else_is_fetched() {
    let is_script = |path: &Path| {
        let is_test = path.starts_with(root().join("xtask/tests"));
        path.starts_with(root().join(".ci")) || path.starts_with(root().join("xtask")) && !is_test
    };
    for path in files(is_script) {
        let text = fs::read_to_string(&path).unwrap();
        for word in [
            "curl ",
            "wget ",
            "trusted=yes",
            "AllowUnauthenticated",
            "allow-unauthenticated",
            "AllowInsecure",
            "cargo install",
            "\"curl\"",
            "\"wget\"",
            "npx",
        ] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
        for (at, _) in text.match_indices("[\"install\"") {
            let line = text[at..].split(']').next().unwrap();
            assert!(
                line.contains("\"--version\", \"="),
                "{}: {line}",
                path.display()
            );
        }
        if text.contains("\"pip\"") {
            assert!(text.contains("\"--require-hashes\""), "{}", path.display());
        }
    }
}
