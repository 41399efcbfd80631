//! The cache folder: written once, mapped afterwards, never trusted when others can write to it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use artifact_embed::{Backing, Error, Loader};
use common::{answer, archive, load, loader, with_header};
use serde_json::json;
use tempfile::TempDir;

fn cached(folder: &Path) -> Loader {
    loader()
        .with_backings([Backing::CacheFile])
        .with_cache_folder(folder)
}

/// A cache folder with the archive's code in it, and the code's file.
fn filled(archive: &[u8]) -> (TempDir, PathBuf, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("cache");
    load(&cached(&folder), archive).unwrap();
    let files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    (parent, folder, files[0].clone())
}

#[test]
fn the_folder_is_private_and_the_code_is_written_once() {
    let archive = archive();
    let (_parent, folder, file) = filled(&archive);
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o077, 0);
    let before = fs::metadata(&file).unwrap().ino();
    let loader = cached(&folder);
    let loaded = load(&loader, &archive).unwrap();
    assert_eq!(
        (answer(&loader, &loaded), loaded.backing),
        (42, Backing::CacheFile)
    );
    assert_eq!(fs::metadata(&file).unwrap().ino(), before);
}

#[test]
fn another_archive_gets_a_file_of_its_own() {
    let archive = archive();
    let (_parent, folder, _) = filled(&archive);
    let other = with_header(&archive, |header| {
        header["component_digest"] = json!("another")
    });
    load(&cached(&folder), &other).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn damaged_entries_are_written_anew() {
    let archive = archive();
    let damage: [fn(&Path, Vec<u8>); 3] = [
        |file, code| fs::write(file, &code[..code.len() / 2]).unwrap(),
        |file, code| fs::write(file, vec![0; code.len()]).unwrap(),
        |file, _| {
            fs::remove_file(file).unwrap();
            symlink("/dev/null", file).unwrap();
        },
    ];
    for damage in damage {
        let (_parent, folder, file) = filled(&archive);
        let code = fs::read(&file).unwrap();
        damage(&file, code.clone());
        let loader = cached(&folder);
        assert_eq!(answer(&loader, &load(&loader, &archive).unwrap()), 42);
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
        assert_eq!(fs::read(&file).unwrap(), code);
    }
}

#[test]
fn a_folder_that_others_can_reach_is_not_used() {
    let archive = archive();
    let parent = tempfile::tempdir().unwrap();
    let open = parent.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let link = parent.path().join("link");
    let private = parent.path().join("private");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&private, &link).unwrap();
    for (folder, problem) in [
        (&open, "its mode is 777: others have access"),
        (&link, "it is not a folder"),
    ] {
        let error = load(&cached(folder), &archive).unwrap_err();
        assert!(
            matches!(&error, Error::NoBacking { .. }) && error.to_string().contains(problem),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);

        let loader = loader().with_cache_folder(folder);
        let loaded = load(&loader, &archive).unwrap();
        assert_eq!(answer(&loader, &loaded), 42);
        assert_ne!(loaded.backing, Backing::CacheFile);
        assert!(
            loaded.skipped[0].to_string().contains(problem),
            "{:?}",
            loaded.skipped
        );
    }
}

#[test]
fn a_folder_that_cant_be_made_is_skipped() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("file"), "").unwrap();
    let loader = loader().with_cache_folder(parent.path().join("file/below"));
    let loaded = load(&loader, &archive()).unwrap();
    assert!(
        matches!(&loaded.skipped[..], [Error::Io { doing, .. }] if doing.contains("making the cache folder"))
    );
}
