//! Builds that do not disturb each other.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// Two of us at once would build into each other's folders. What one of us that was killed left
/// unfinished is removed.
pub(crate) fn lock(guests: &Path) -> Result<fs::File> {
    let lock = fs::File::create(guests.join(".lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another `cargo xtask` that builds guests ...");
        lock.lock()?;
    }
    for entry in fs::read_dir(guests)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".tmp") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use guest_stamp::replace;

    use super::*;

    #[test]
    fn what_a_killed_build_left_is_removed_and_products_stay() {
        let guests = tempfile::tempdir().unwrap();
        let at = |name: &str| guests.path().join(name);
        fs::create_dir_all(at(".tmpAbC/glue")).unwrap();
        fs::write(at(".tmpAbC/glue/app.py"), "half").unwrap();
        fs::write(at(".tmpDeF"), "half").unwrap();
        replace(&at("python.wasm"), b"whole").unwrap();
        let _lock = lock(guests.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(guests.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".lock", "python.wasm"]);
    }
}
