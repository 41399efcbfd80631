//! The time of day: who asks for it, and files whose times are impossible.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasm_runtime::{Compiler, WasmRuntime};

/// Deadlines, limits, idle time and receipts use the monotonic clock. The places that ask for the
/// time of day are listed here: the cache's records of use, the age of a file, the guest's clock,
/// and a substitute for a count of faults.
#[test]
fn the_time_of_day_is_asked_for_in_known_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for package in [
        "artifact-embed",
        "wit-wire-host",
        "wasm-runtime",
        "python-runtime",
    ] {
        let mut folders = vec![root.join(package).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                if code.contains("SystemTime::now")
                    || code.contains(".elapsed()") && code.contains("UNIX_EPOCH")
                {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    found.push(format!("{package}/{name}"));
                }
            }
        }
    }
    found.sort();
    let known = [
        "artifact-embed/file_identity.rs",
        "artifact-embed/folder.rs",
        // Durable calls go on later, and their clocks with them.
        "wit-wire-host/call.rs",
        "wit-wire-host/clock.rs",
        "wit-wire-host/linux.rs",
        "wit-wire-host/parked_call.rs",
    ];
    assert_eq!(found, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_of_files_that_can_not_be_change_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/rust.wasm");
    assert!(guest.is_file(), "`cargo xtask test` builds the guest first");
    let file = folder.path().join("guest.wasm");
    fs::copy(guest, &file).unwrap();
    let cache = folder.path().join("cache");
    let far = SystemTime::now() + Duration::from_secs(1 << 33);
    let mut identities = Vec::new();
    for time in [UNIX_EPOCH, far, SystemTime::now()] {
        let set = |path: &Path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(time).unwrap();
        };
        set(&file);
        // What was compiled before, as if it had been used then.
        for entry in fs::read_dir(&cache).into_iter().flatten() {
            set(&entry.unwrap().path());
        }
        for _ in 0..2 {
            let runtime = WasmRuntime::builder()
                .compiler(Compiler::InProcess)
                .cache_folder(&cache)
                .build()
                .unwrap();
            let component = runtime.component_from_path(&file).await.unwrap();
            component.warm(1).await.unwrap();
            assert_eq!(runtime.stats().idle, 1);
            identities.push(component.identity().unwrap().to_owned());
        }
    }
    assert_eq!(identities.len(), 6);
    identities.dedup();
    assert_eq!(identities.len(), 1, "one component, whatever its times");
    let compiled = fs::read_dir(&cache).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str()
            .is_some_and(|name| name.starts_with("compiled-"))
    });
    assert_eq!(compiled.count(), 1, "compiled once");
}
