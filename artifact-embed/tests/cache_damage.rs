//! Damaged cache entries, and other things in their place: they are written again, and never run.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use artifact_embed::{Backing, EngineConfig, Error, Loader};
use common::{COMPONENT, answer, archive, archive_for, load, loader};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// A user that no test runs as.
const NOBODY: u32 = 65534;

fn cached(folder: &Path) -> Loader {
    loader()
        .with_backings([Backing::CacheFile])
        .with_cache_folder(folder)
}

/// A cache folder in which `fill` left one entry, and the entry.
fn filled(fill: impl FnOnce(&Loader)) -> (TempDir, PathBuf, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("cache");
    fill(&cached(&folder));
    let files = entries(&folder);
    assert_eq!(files.len(), 1, "{files:?}");
    (parent, folder, files[0].clone())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

/// What is done to the entry, whose content is given.
type Damage = fn(&Path, &[u8]);

const DAMAGE: [(&str, Damage); 16] = [
    ("empty", |file, _| fs::write(file, "").unwrap()),
    ("one byte left", |file, code| {
        fs::write(file, &code[..1]).unwrap()
    }),
    ("cut in half", |file, code| {
        fs::write(file, &code[..code.len() / 2]).unwrap()
    }),
    ("its last byte cut", |file, code| {
        fs::write(file, &code[..code.len() - 1]).unwrap()
    }),
    ("one byte longer", |file, code| {
        fs::write(file, [code, b"\0"].concat()).unwrap()
    }),
    ("zeros", |file, code| {
        fs::write(file, vec![0; code.len()]).unwrap()
    }),
    ("of another kind", |file, code| {
        fs::write(file, &archive()[..code.len().min(200)]).unwrap()
    }),
    ("a flipped byte in the magic number", |file, code| {
        flip(file, code, 0)
    }),
    (
        "a flipped byte where the sections are said to be",
        |file, code| flip(file, code, 0x2e),
    ),
    ("a flipped byte in the number of sections", |file, code| {
        flip(file, code, 0x3d)
    }),
    ("a pipe", |file, _| {
        fs::remove_file(file).unwrap();
        pipe(file);
    }),
    ("a link to its own content", |file, code| {
        let elsewhere = file.with_extension("elsewhere");
        fs::write(&elsewhere, code).unwrap();
        set_mode(&elsewhere, 0o600);
        fs::remove_file(file).unwrap();
        symlink(&elsewhere, file).unwrap();
    }),
    ("a link to itself", |file, _| {
        fs::remove_file(file).unwrap();
        symlink(file, file).unwrap();
    }),
    ("writable for the group", |file, _| set_mode(file, 0o620)),
    ("writable for all", |file, _| set_mode(file, 0o602)),
    // Only root may give files away; for others, the folder's owner stands in for it (below).
    (
        "somebody else's",
        |file, _| match rustix::process::geteuid().is_root() {
            true => chown(file, Some(NOBODY), None).unwrap(),
            false => set_mode(file, 0o666),
        },
    ),
];

fn flip(file: &Path, code: &[u8], at: usize) {
    let mut flipped = code.to_vec();
    flipped[at] ^= 0x80;
    fs::write(file, flipped).unwrap();
}

#[test]
fn an_entry_that_is_not_as_it_was_written_is_written_anew() {
    let archive = archive();
    for (what, damage) in DAMAGE {
        let (_parent, folder, file) = filled(|loader| drop(load(loader, &archive).unwrap()));
        let code = fs::read(&file).unwrap();
        damage(&file, &code);
        let loader = cached(&folder);
        let loaded = load(&loader, &archive).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer(&loader, &loaded), 42, "{what}");
        let metadata = fs::symlink_metadata(&file).unwrap();
        assert!(metadata.is_file() && metadata.mode() & 0o77 == 0, "{what}");
        assert_eq!(
            metadata.uid(),
            rustix::process::geteuid().as_raw(),
            "{what}"
        );
        assert_eq!(fs::read(&file).unwrap(), code, "{what}");
    }
}

/// The length of a component's code is not known beforehand.
#[test]
fn a_compiled_entry_that_was_cut_anywhere_is_written_anew() {
    let compile = |loader: &Loader| {
        loader
            .compile(&loader.compile_key(COMPONENT), COMPONENT)
            .unwrap()
    };
    let (_parent, folder, file) = filled(|loader| drop(compile(loader)));
    let code = fs::read(&file).unwrap();
    for length in (0..code.len())
        .step_by(code.len() / 48)
        .chain([code.len() - 1])
    {
        fs::write(&file, &code[..length]).unwrap();
        let loader = cached(&folder);
        assert_eq!(answer(&loader, &compile(&loader)), 42, "{length}");
        assert!(fs::read(&file).unwrap() == code, "{length}");
    }
}

#[test]
fn a_folder_in_place_of_an_entry_is_left_alone_and_told() {
    let archive = archive();
    let (_parent, folder, file) = filled(|loader| drop(load(loader, &archive).unwrap()));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let loader = loader().with_cache_folder(&folder);
    let loaded = load(&loader, &archive).unwrap();
    assert_eq!(answer(&loader, &loaded), 42);
    assert!(
        matches!(&loaded.skipped[0], Error::Io { doing, .. } if doing.contains(file.to_str().unwrap())),
        "{:?}",
        loaded.skipped
    );
    assert_eq!(entries(&folder), [file]);
}

/// Only the owner can have given the file a second name: nobody else sees into the folder.
#[test]
fn an_entry_with_a_second_name_is_used() {
    let archive = archive();
    let (_parent, folder, file) = filled(|loader| drop(load(loader, &archive).unwrap()));
    fs::hard_link(&file, folder.join("second")).unwrap();
    let loader = cached(&folder);
    assert_eq!(answer(&loader, &load(&loader, &archive).unwrap()), 42);
    assert_eq!(fs::metadata(&file).unwrap().nlink(), 2);
}

#[test]
fn what_runs_goes_on_when_its_entry_is_removed_or_replaced() {
    let archive = archive();
    let damage: [Damage; 3] = [
        |file, _| fs::remove_file(file).unwrap(),
        |file, _| fs::remove_dir_all(file.parent().unwrap()).unwrap(),
        |file, code| {
            let other = file.with_extension("other");
            fs::write(&other, vec![0xcc; code.len()]).unwrap();
            fs::rename(other, file).unwrap();
        },
    ];
    for damage in damage {
        let (_parent, folder, file) = filled(|loader| drop(load(loader, &archive).unwrap()));
        let loader = cached(&folder);
        let loaded = load(&loader, &archive).unwrap();
        damage(&file, &fs::read(&file).unwrap());
        assert_eq!(answer(&loader, &loaded), 42);
    }
}

#[test]
fn builds_of_other_settings_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    let configs =
        [32 << 20, 64 << 20].map(|bytes| EngineConfig::default().with_memory_guard(bytes));
    for _ in 0..2 {
        for config in &configs {
            let archive = archive_for(config, artifact_embed::HOST_TARGET).unwrap();
            let loader = Loader::new(config).unwrap();
            let loader = loader
                .with_backings([Backing::CacheFile])
                .with_cache_folder(&folder);
            assert_eq!(answer(&loader, &load(&loader, &archive).unwrap()), 42);
            let compiled = loader
                .compile(&loader.compile_key(COMPONENT), COMPONENT)
                .unwrap();
            assert_eq!(answer(&loader, &compiled), 42);
        }
    }
    assert_eq!(entries(&folder).len(), 4);
}

#[test]
fn an_entry_of_any_age_is_used_and_counts_as_used_now() {
    let archive = archive();
    let (_parent, folder, file) = filled(|loader| drop(load(loader, &archive).unwrap()));
    let before = fs::metadata(&file).unwrap().ino();
    for age in [UNIX_EPOCH, SystemTime::now() + Duration::from_secs(1 << 30)] {
        File::open(&file).unwrap().set_modified(age).unwrap();
        let loader = cached(&folder);
        assert_eq!(answer(&loader, &load(&loader, &archive).unwrap()), 42);
        let metadata = fs::metadata(&file).unwrap();
        assert_eq!(metadata.ino(), before);
        let used = metadata.modified().unwrap();
        assert!(used > UNIX_EPOCH && used <= SystemTime::now(), "{used:?}");
    }
}

/// Folders that even root can't use.
#[test]
fn a_folder_that_cant_be_used_is_told_and_memory_serves() {
    let archive = archive();
    let parent = tempfile::tempdir().unwrap();
    let at = |name: &str| parent.path().join(name);
    fs::write(at("file"), "").unwrap();
    pipe(&at("pipe"));
    symlink(at("loop"), at("loop")).unwrap();
    fs::create_dir(at("given away")).unwrap();
    set_mode(&at("given away"), 0o700);
    let others = match rustix::process::geteuid().is_root() {
        true => {
            chown(at("given away"), Some(NOBODY), None).unwrap();
            at("given away")
        }
        false => "/".into(),
    };
    let long = at(&"x".repeat(300));
    for (folder, problem) in [
        (at("file"), "making the cache folder"),
        (at("file/below"), "making the cache folder"),
        (at("pipe"), "making the cache folder"),
        (at("loop"), "making the cache folder"),
        (long, "making the cache folder"),
        ("/proc/cache".into(), "making the cache folder"),
        ("/proc/self/fd".into(), "writing"),
        (others, "it belongs to user "),
    ] {
        let loader = loader().with_cache_folder(&folder);
        let loaded = load(&loader, &archive).unwrap();
        assert_eq!(answer(&loader, &loaded), 42);
        assert_ne!(loaded.backing, Backing::CacheFile, "{folder:?}");
        let [error @ (Error::Io { .. } | Error::CacheFolder { .. })] = &loaded.skipped[..] else {
            panic!("{folder:?}: {:?}", loaded.skipped);
        };
        let told = error.to_string();
        assert!(told.contains(problem), "{told}");
        assert!(told.contains(folder.to_str().unwrap()), "{told}");
        let error = load(&cached(&folder), &archive).unwrap_err();
        assert!(
            matches!(&error, Error::NoBacking { reasons } if reasons[0].starts_with(&told)),
            "{error}"
        );
    }
}
