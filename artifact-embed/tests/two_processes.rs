//! Several processes that start at once on an empty cache all work. This program starts itself as
//! each of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use artifact_embed::Backing;
use common::{answer, archive, load, loader};

const PROCESSES: usize = 4;

fn main() {
    match std::env::var_os("TEST_CACHE_FOLDER") {
        Some(folder) => child(folder.into()),
        None => parent(),
    }
}

fn parent() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("archive");
    std::fs::write(&file, archive()).unwrap();
    let folder = parent.path().join("cache");
    let start = || {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .env("TEST_CACHE_FOLDER", &folder)
            .env("TEST_ARCHIVE", &file);
        child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut children: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    // All wait for their input to end, so that they go on together.
    for child in &mut children {
        drop(child.stdin.take());
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "CacheFile 42\n");
    }
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        1,
        "one file, and no temporary one left"
    );
    println!("test {PROCESSES}_processes_share_an_empty_cache ... ok\n\n1 passed, 0 failed");
}

fn child(folder: PathBuf) {
    let archive = std::fs::read(std::env::var_os("TEST_ARCHIVE").unwrap()).unwrap();
    let loader = loader()
        .with_backings([Backing::CacheFile])
        .with_cache_folder(folder);
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    let loaded = load(&loader, &archive).unwrap();
    println!("{:?} {}", loaded.backing, answer(&loader, &loaded));
}
