//! What becomes a source tree, and what is rejected. Needs no guest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use python_runtime::{Error, PythonSource, SourceTree};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn paths(tree: &SourceTree) -> Vec<&str> {
    tree.files().map(|(path, _)| path).collect()
}

#[test]
fn a_folder_gives_its_python_files() {
    let folder = folder(&[
        ("app.py", b"\xef\xbb\xbf1"),
        ("pkg/sub/mod.py", b"2"),
        ("pkg/data.json", b"{}"),
        ("pkg/__pycache__/mod.py", b"no"),
        (".hidden/mod.py", b"no"),
        ("env/pyvenv.cfg", b""),
        ("env/lib/mod.py", b"no"),
    ]);
    let tree = SourceTree::new().folder(folder.path()).unwrap();
    assert_eq!(paths(&tree), ["app.py", "pkg/sub/mod.py"]);
    let with_data = tree.glob(folder.path(), "pkg/*.json").unwrap();
    assert_eq!(
        paths(&with_data),
        ["app.py", "pkg/data.json", "pkg/sub/mod.py"]
    );
    let package = SourceTree::new()
        .glob(folder.path(), "pkg/**/*.py")
        .unwrap();
    assert_eq!(paths(&package), ["pkg/sub/mod.py"]);
    let shallow = SourceTree::new().glob(folder.path(), "*.py").unwrap();
    assert_eq!(paths(&shallow), ["app.py"]);
}

#[test]
fn folders_of_dependencies_join_unless_they_differ() {
    let app = folder(&[("app.py", b"import dep"), ("same.py", b"x")]);
    let deps = folder(&[("dep/__init__.py", b""), ("same.py", b"x")]);
    let tree = SourceTree::new()
        .folder(app.path())
        .unwrap()
        .folder(deps.path())
        .unwrap();
    assert_eq!(paths(&tree), ["app.py", "dep/__init__.py", "same.py"]);
    let error = tree.file("app.py", "other").unwrap_err();
    assert!(
        matches!(&error, Error::Conflict { path } if path == "app.py"),
        "{error}"
    );
}

#[test]
fn what_cant_be_a_source_is_refused_by_name() {
    let large = folder(&[("a.py", &vec![b'#'; 17 << 20])]);
    let error = SourceTree::new().folder(large.path()).unwrap_err();
    assert!(
        matches!(&error, Error::TooLarge { path, .. } if path.ends_with("a.py")),
        "{error}"
    );

    let error = SourceTree::new().folder("no/such/folder").unwrap_err();
    assert!(
        matches!(&error, Error::Read { path, .. } if path == Path::new("no/such/folder")),
        "{error}"
    );

    for path in [
        "/etc/app.py",
        "../app.py",
        "a/../../b.py",
        "a\\b.py",
        "",
        "./",
    ] {
        let error = SourceTree::new().file(path, "").unwrap_err();
        assert!(
            matches!(&error, Error::Path { path: named } if named == path),
            "{error}"
        );
    }
    assert_eq!(
        paths(&SourceTree::new().file("./pkg//app.py", "").unwrap()),
        ["pkg/app.py"]
    );

    let error = SourceTree::new().glob(large.path(), "a[").unwrap_err();
    assert!(matches!(&error, Error::Pattern { .. }), "{error}");
}

#[test]
fn nothing_beside_a_folder_is_read() {
    let outer = folder(&[("secret.py", b"1"), ("inner/a.py", b"2")]);
    let inner = outer.path().join("inner");
    #[cfg(unix)]
    for (target, link) in [("../secret.py", "link.py"), ("..", "up")] {
        std::os::unix::fs::symlink(target, inner.join(link)).unwrap();
    }
    let tree = SourceTree::new().glob(&inner, "**/*").unwrap();
    assert_eq!(paths(&tree), ["a.py"]);
    for pattern in ["../*.py", "../none/*", "a/../../**"] {
        let error = SourceTree::new().glob(&inner, pattern).unwrap_err();
        assert!(
            matches!(&error, Error::Path { path } if path == pattern),
            "{error}"
        );
    }
}

#[test]
fn folders_within_each_other_have_a_limit() {
    let within = |depth: usize| format!("{}m.py", "a/".repeat(depth));
    let fits = folder(&[(&within(64), b"1")]);
    let tree = SourceTree::new().folder(fits.path()).unwrap();
    assert_eq!(paths(&tree), [within(64)]);
    // Without any file, too.
    let deep = tempfile::tempdir().unwrap();
    fs::create_dir_all(deep.path().join("a/".repeat(1_500))).unwrap();
    let error = SourceTree::new().folder(deep.path()).unwrap_err();
    let expected = deep.path().join("a/".repeat(65));
    assert!(
        matches!(&error, Error::TooDeep { path, limit: 64 } if *path == expected),
        "{error}"
    );
}

#[test]
fn a_file_larger_than_memory_is_not_read_to_its_end() {
    let folder = folder(&[("a.py", b"")]);
    let file = fs::File::options()
        .write(true)
        .open(folder.path().join("a.py"));
    file.unwrap().set_len(1 << 42).unwrap();
    let error = SourceTree::new().folder(folder.path()).unwrap_err();
    assert!(
        matches!(&error, Error::TooLarge { path, .. } if path.ends_with("a.py")),
        "{error}"
    );
}

#[test]
fn a_target_names_a_module_that_is_there_and_a_function() {
    let tree = SourceTree::new()
        .file("pkg/__init__.py", "")
        .unwrap()
        .file("pkg/mod.py", "")
        .unwrap();
    assert_eq!(
        PythonSource::from_tree(tree.clone(), "pkg.mod:run")
            .unwrap()
            .name(),
        "run"
    );
    assert_eq!(
        PythonSource::from_tree(tree.clone(), "pkg:main")
            .unwrap()
            .name(),
        "main"
    );
    let error = PythonSource::from_tree(tree.clone(), "pkg.mod").unwrap_err();
    assert!(
        matches!(&error, Error::Target { target } if target == "pkg.mod"),
        "{error}"
    );
    let error = PythonSource::from_tree(tree, "pkg.other:run").unwrap_err();
    let Error::NoModule { module, known } = &error else {
        panic!("{error}")
    };
    assert_eq!(module, "pkg.other");
    assert_eq!(known, &["pkg", "pkg.mod"]);
}

/// Another thread swaps a file for a link to a secret beside the folder, a folder for one to the
/// folder of the secret, and a file for a pipe that nobody writes to, while the folder is read.
#[cfg(unix)]
#[test]
fn what_is_swapped_while_a_folder_is_read_leads_to_nothing_outside() {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    let outer = folder(&[
        ("secret.py", b"secret"),
        ("inner/file.py", b"1"),
        ("inner/pipe.py", b"1"),
        ("inner/sub/secret.py", b"1"),
    ]);
    let inner = outer.path().join("inner");
    let aside = outer.path().join("aside");
    let done = AtomicBool::new(false);
    let read = std::thread::scope(|scope| {
        scope.spawn(|| {
            symlink("../secret.py", outer.path().join("link")).unwrap();
            symlink("..", outer.path().join("folder link")).unwrap();
            pipe(&outer.path().join("pipe"));
            while !done.load(Relaxed) {
                for (name, other) in [
                    ("file.py", "link"),
                    ("sub", "folder link"),
                    ("pipe.py", "pipe"),
                ] {
                    let (name, other) = (inner.join(name), outer.path().join(other));
                    fs::rename(&name, &aside).unwrap();
                    fs::rename(&other, &name).unwrap();
                    fs::rename(&name, &other).unwrap();
                    fs::rename(&aside, &name).unwrap();
                }
            }
        });
        let read: Vec<_> = (0..2_000)
            .map(|_| SourceTree::new().folder(&inner))
            .collect();
        done.store(true, Relaxed);
        read
    });
    for tree in read {
        match tree {
            Ok(tree) => assert!(tree.files().all(|(_, content)| content == b"1"), "{tree:?}"),
            // What was listed is a link or nothing when it is opened.
            Err(error) => assert!(matches!(error, Error::Read { .. }), "{error}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_sources_is_no_file() {
    let folder = folder(&[("a.py", b"1")]);
    pipe(&folder.path().join("pipe.py"));
    let tree = SourceTree::new().folder(folder.path()).unwrap();
    assert_eq!(paths(&tree), ["a.py"]);
}

#[cfg(unix)]
#[test]
fn a_pattern_leads_through_no_link() {
    let outer = folder(&[("secret.py", b"1"), ("inner/sub/a.py", b"2")]);
    let inner = outer.path().join("inner");
    std::os::unix::fs::symlink("..", inner.join("up")).unwrap();
    std::os::unix::fs::symlink("../..", inner.join("sub/up")).unwrap();
    for (pattern, named) in [("up/*.py", "up"), ("sub/up/**/*.py", "sub/up")] {
        let error = SourceTree::new().glob(&inner, pattern).unwrap_err();
        assert!(
            matches!(&error, Error::Read { path, .. } if *path == inner.join(named)),
            "{error:?}"
        );
    }
    // The folder itself is the embedder's word.
    std::os::unix::fs::symlink("inner", outer.path().join("named")).unwrap();
    let tree = SourceTree::new().folder(outer.path().join("named"));
    assert_eq!(paths(&tree.unwrap()), ["sub/a.py"]);
}

#[test]
fn paths_count_too() {
    let long = "x".repeat(4 << 20);
    let mut tree = SourceTree::new();
    for name in ["a", "b", "c"] {
        tree = tree.file(format!("{name}{long}"), "").unwrap();
    }
    let error = tree.file(format!("d{long}"), "").unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[cfg(unix)]
fn pipe(path: &Path) {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    #[allow(unsafe_code, reason = "the standard library makes no named pipes")]
    // SAFETY: the path is a C string.
    let made = unsafe { libc::mkfifo(path.as_ptr(), 0o600) };
    assert_eq!(made, 0);
}
