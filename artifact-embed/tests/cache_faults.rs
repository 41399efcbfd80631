//! A full disk, and processes that die while they write: memory is used instead, and no unfinished
//! entry remains or is loaded.
//!
//! This program starts itself as each of those processes. The size of a file is limited for the
//! process (`RLIMIT_FSIZE`): beyond it the system refuses to write, for root too, or kills the
//! process, depending on what the signal SIGXFSZ is set to.

#![cfg_attr(not(unix), allow(unused, reason = "limits of processes are Unix's"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    match std::env::var_os("TEST_FOLDER") {
        Some(folder) => unix::child(folder.as_ref()),
        None => unix::parent(),
    }
}

#[cfg(unix)]
mod unix {
    use std::fmt;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output, Stdio};

    use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use crate::common::{COMPONENT, answer, archive, load, loader};

    /// A folder with the archive; the cache will be below it.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("archive"), archive()).unwrap();
            Self(folder)
        }

        fn entries(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(self.0.path().join("cache")).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect()
        }

        /// This program as a child that gets the code in this `way`, started by a shell after the
        /// line `shell`, if there is one.
        fn child(&self, way: &str, limit: Option<u64>, shell: Option<&str>) -> Command {
            let own = std::env::current_exe().unwrap();
            let mut command = match shell {
                Some(line) => {
                    let mut shell = Command::new("sh");
                    shell.args(["-c", &format!("{line}; exec \"$0\"")]).arg(own);
                    shell
                }
                None => Command::new(own),
            };
            command
                .env("TEST_FOLDER", self.0.path())
                .env("TEST_WAY", way);
            if let Some(limit) = limit {
                command.env("TEST_LIMIT", limit.to_string());
            }
            command
        }

        fn run(&self, way: &str, limit: Option<u64>, shell: Option<&str>) -> Output {
            self.child(way, limit, shell).output().unwrap()
        }

        /// A start after a failure: it uses the cache, which then holds one good entry and nothing
        /// else.
        fn starts_clean(&self, way: &str) {
            assert_eq!(text(&self.run(way, None, None)), "CacheFile 42\n", "{way}");
            let entries = self.entries();
            assert_eq!(entries.len(), 1, "{entries:?}");
            let own = fs::read(&entries[0]).unwrap();
            let again = Self::new();
            again.run(way, None, None);
            assert!(own == fs::read(&again.entries()[0]).unwrap(), "{way}");
        }
    }

    fn text(output: &Output) -> String {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout.clone()).unwrap()
    }

    pub(super) fn parent() {
        let mut cases = 0;
        for way in ["archive", "component"] {
            let whole = Place::new();
            whole.starts_clean(way);
            let length = fs::metadata(&whole.entries()[0]).unwrap().len();
            for limit in [0, 1, 4096, length / 2, length - 1] {
                a_write_that_fails(way, limit);
                a_process_that_dies(way, limit);
                cases += 2;
            }
        }
        processes_killed_side_by_side();
        println!("test a_disk_that_is_full_and_processes_that_die ... ok ({cases} cases)");
        println!("test processes_killed_side_by_side ... ok\n\n2 passed, 0 failed");
    }

    fn a_write_that_fails(way: &str, limit: u64) {
        let place = Place::new();
        let told = text(&place.run(way, Some(limit), Some("trap '' XFSZ")));
        let lines: Vec<_> = told.lines().collect();
        let [cache, memfd, result] = lines[..] else {
            panic!("{told}")
        };
        let full = "File too large (os error 27)";
        assert!(
            cache.starts_with("WARN") && cache.contains("/cache/") && cache.contains(full),
            "{told}"
        );
        // A file in memory is under the same limit; it is not when a disk is full.
        assert!(
            memfd.contains("writing a file in memory") && memfd.ends_with(full),
            "{told}"
        );
        assert_eq!(result, "Memory 42");
        assert!(place.entries().is_empty(), "{way} {limit}");
        place.starts_clean(way);
    }

    fn a_process_that_dies(way: &str, limit: u64) {
        let place = Place::new();
        let output = place.run(way, Some(limit), None);
        assert_eq!(
            output.status.signal(),
            Some(Signal::XFSZ.as_raw()),
            "{output:?}"
        );
        let left = place.entries();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::metadata(&left[0]).unwrap().len(), limit);
        place.starts_clean(way);
    }

    /// Half of several processes are killed at any point; the others are not delayed.
    fn processes_killed_side_by_side() {
        let place = Place::new();
        let start = || {
            let mut child = place.child("archive", None, None);
            child
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let mut children: Vec<_> = (0..8).map(|_| start()).collect();
        for child in &mut children {
            drop(child.stdin.take());
        }
        let (killed, kept): (Vec<_>, Vec<_>) = children
            .into_iter()
            .enumerate()
            .partition(|(index, _)| index % 2 == 0);
        for (_, mut child) in killed {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        for (_, child) in kept {
            assert_eq!(text(&child.wait_with_output().unwrap()), "CacheFile 42\n");
        }
        // What the last ones left goes with the next entry that is written.
        text(&place.run("component", None, None));
        assert_eq!(place.entries().len(), 2);
    }

    pub(super) fn child(folder: &Path) {
        tracing::subscriber::set_global_default(Warnings).unwrap();
        let archive = fs::read(folder.join("archive")).unwrap();
        let loader = loader().with_cache_folder(folder.join("cache"));
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        let limit = |resource, current| {
            let maximum = getrlimit(resource).maximum;
            setrlimit(resource, Rlimit { current, maximum }).unwrap();
        };
        limit(Resource::Core, Some(0));
        let before = getrlimit(Resource::Fsize).current;
        if let Some(bytes) = std::env::var_os("TEST_LIMIT") {
            limit(
                Resource::Fsize,
                Some(bytes.to_str().unwrap().parse().unwrap()),
            );
        }
        let loaded = match std::env::var("TEST_WAY").unwrap().as_str() {
            "archive" => load(&loader, &archive).unwrap(),
            _ => loader
                .compile(&loader.compile_key(COMPONENT), COMPONENT)
                .unwrap(),
        };
        // Wasmtime has a file in memory too, for an instance's initial memory. A full disk does not
        // affect that one.
        limit(Resource::Fsize, before);
        println!("{:?} {}", loaded.backing, answer(&loader, &loaded));
    }

    /// Prints warnings.
    struct Warnings;

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0 = format!("{value:?}");
            }
        }
    }

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("artifact_embed")
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            println!("{} {}", event.metadata().level(), line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }
}
