//! Packages given at run time: what is read of wheels and folders, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use python_runtime::{Error, PythonRuntime, PythonSource};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn wheel(folder: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = folder.join(format!("{name}-1.0-py3-none-any.whl"));
    let mut wheel = ZipWriter::new(File::create(&path).unwrap());
    for (file, text) in files {
        wheel
            .start_file(*file, SimpleFileOptions::default())
            .unwrap();
        wheel.write_all(text.as_bytes()).unwrap();
    }
    wheel.finish().unwrap();
    path
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn refusal(packages: &[&Path]) -> Error {
    let builder = PythonRuntime::builder();
    let builder = packages
        .iter()
        .fold(builder, |builder, path| builder.packages(*path));
    match builder.build() {
        Ok(_) => panic!("{packages:?} should be refused"),
        Err(error) => error,
    }
}

/// What the function `f` of `source` returns.
async fn call(packages: &Path, source: &str) -> Value {
    let runtime = PythonRuntime::builder().packages(packages).build().unwrap();
    let function = runtime
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    function.call(&()).await.unwrap()
}

#[test]
fn a_wheel_has_no_files_beside_its_own_and_no_endless_ones() {
    let here = tempfile::tempdir().unwrap();
    for name in [
        "../a.py",
        "/etc/a.py",
        "a/../../a.py",
        "a\\b.py",
        "a-1.data/purelib/../../a.py",
    ] {
        let wheel = wheel(here.path(), "hostile", &[(name, "")]);
        let error = refusal(&[&wheel]);
        assert!(
            matches!(&error, Error::Path { path } if path == name),
            "{error}"
        );
    }
    // Some 16 KiB of it.
    let bomb = wheel(here.path(), "bomb", &[("a.py", &"#".repeat(17 << 20))]);
    assert!(fs::metadata(&bomb).unwrap().len() < 1 << 16);
    let error = refusal(&[&bomb]);
    assert!(
        matches!(&error, Error::TooLarge { path, .. } if *path == bomb.join("a.py")),
        "{error}"
    );
}

#[test]
fn what_is_no_pure_package_is_refused_by_name() {
    let here = tempfile::tempdir().unwrap();
    let native = wheel(
        here.path(),
        "Fast_YAML",
        &[("yaml/__init__.py", ""), ("yaml/_yaml.abi3.so", "")],
    );
    let error = refusal(&[&native]);
    assert!(
        matches!(&error, Error::Native { package, file, from }
            if package == "Fast-YAML" && file == "yaml/_yaml.abi3.so" && *from == native),
        "{error}"
    );

    let whole = wheel(
        here.path(),
        "whole",
        &[("whole.py", &"x = 1\n".repeat(1000))],
    );
    let mut bytes = fs::read(&whole).unwrap();
    let half = here.path().join("half-1.0-py3-none-any.whl");
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let error = refusal(&[&half]);
    assert!(
        matches!(&error, Error::Wheel { path, .. } if *path == half),
        "{error}"
    );
    // In what the file's text is packed into.
    bytes[45] ^= 0xff;
    let damaged = here.path().join("damaged-1.0-py3-none-any.whl");
    fs::write(&damaged, bytes).unwrap();
    let error = refusal(&[&damaged]);
    assert!(
        matches!(&error, Error::Read { path, .. } if *path == damaged),
        "{error}"
    );

    let missing = here.path().join("missing-1.0-py3-none-any.whl");
    let error = refusal(&[&missing]);
    assert!(
        matches!(&error, Error::Read { path, .. } if *path == missing),
        "{error}"
    );

    let source = here.path().join("package.tar.gz");
    fs::write(&source, "no wheel").unwrap();
    let error = refusal(&[&source]);
    assert!(
        matches!(&error, Error::Wheel { path, .. } if *path == source),
        "{error}"
    );

    let one = wheel(here.path(), "one", &[("shared.py", "1"), ("same.py", "")]);
    let other = wheel(here.path(), "other", &[("shared.py", "2"), ("same.py", "")]);
    let error = refusal(&[&one, &other]);
    assert!(
        matches!(&error, Error::Conflict { path } if path == "shared.py"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wheel_may_have_its_modules_in_a_folder_of_their_own() {
    let here = tempfile::tempdir().unwrap();
    let files = [
        (
            "inner-1.0.data/purelib/inner/__init__.py",
            "from inner_native import x",
        ),
        ("inner-1.0.data/platlib/inner_native.py", "x = 7"),
        ("inner-1.0.data/scripts/inner.py", ""),
        (
            "inner-1.0.dist-info/METADATA",
            "Name: inner\nVersion: 1.0\n",
        ),
    ];
    let wheel = wheel(here.path(), "inner", &files);
    let source = "def f():
    import inner, importlib.metadata
    return [inner.x, importlib.metadata.version('inner')]
";
    assert_eq!(call(&wheel, source).await, json!([7, "1.0"]));
}

/// A virtual environment's, with all that pip and others leave in it.
#[tokio::test]
async fn of_site_packages_all_that_is_python_can_be_imported() {
    let folder = folder(&[
        (
            "_virtualenv.py",
            "raise RuntimeError('a part of the environment')",
        ),
        ("distutils-precedence.pth", "import no_such_module"),
        ("setuptools/cli.exe", "MZ"),
        (
            "quick/__init__.py",
            "try:\n    from ._speedups import x\nexcept ImportError:\n    x = 'slow'\n",
        ),
        ("quick/_speedups.cpython-311-x86_64-linux-gnu.so", "\x7fELF"),
        ("quick/__pycache__/__init__.cpython-311.pyc", "no code"),
        (
            "quick-1.0.dist-info/METADATA",
            "Name: quick\nVersion: 1.0\n",
        ),
        ("compiled/__init__.py", ""),
        ("compiled/both.py", "x = 'source'"),
        ("compiled/both.cpython-311-x86_64-linux-gnu.so", "\x7fELF"),
        ("numbers_native/__init__.py", "from . import _core"),
        ("numbers_native/_core.abi3.so", "\x7fELF"),
        ("_backend.cpython-311-x86_64-linux-gnu.so", "\x7fELF"),
    ]);
    let source = "def f():
    import importlib, importlib.metadata, quick
    from compiled import both
    said = []
    for name in ('numbers_native', '_backend'):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            said.append(str(error))
    return [quick.x, both.x, importlib.metadata.version('quick'), *said]
";
    let answer = call(folder.path(), source).await;
    let strings: Vec<String> = serde_json::from_value(answer).unwrap();
    assert_eq!(strings[..3], ["slow", "source", "1.0"]);
    // The reason why a module is missing names the file.
    assert!(
        strings[3].contains("numbers_native/_core.abi3.so"),
        "{strings:?}"
    );
    let library = "_backend.cpython-311-x86_64-linux-gnu.so";
    assert!(strings[4].contains(library), "{strings:?}");
}

#[tokio::test]
async fn time_zones_are_there_and_a_given_tzdata_goes_before_them() {
    let nothing = folder(&[("unused.py", "")]);
    let source = "def f():
    from zoneinfo import ZoneInfo, available_timezones
    from datetime import datetime
    noon = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo('America/New_York'))
    return [noon.isoformat(), len(available_timezones()) > 400]
";
    let expected = json!(["2026-07-01T12:00:00-04:00", true]);
    assert_eq!(call(nothing.path(), source).await, expected);

    let given = folder(&[("tzdata/__init__.py", ""), ("tzdata/zones", "Here/There\n")]);
    let source = "def f():
    from zoneinfo import available_timezones
    return list(available_timezones())
";
    assert_eq!(call(given.path(), source).await, json!(["Here/There"]));
}
