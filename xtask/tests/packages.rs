//! Well-known packages (`packages/tested.txt`), with their wheels given at run time and as part of
//! the guest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{root, xtask};
use python_runtime::{
    Archive, Limits, PythonError, PythonRuntime, PythonRuntimeBuilder, PythonSource, SourceTree,
};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Module and function (`packages/cases`), input, output.
const CASES: &[(&str, &str, &str)] = &[
    (
        "templates:render",
        r#"["Ada", "<b>"]"#,
        r#""<li>Ada</li><li>&lt;b&gt;</li>""#,
    ),
    (
        "config:load",
        r#""base: &b {x: 1}\nall: [*b, 2026-01-02x, yes]""#,
        r#"{"base": {"x": 1}, "all": [{"x": 1}, "2026-01-02x", true]}"#,
    ),
    (
        "config:dump",
        r#"{"b": [1, null]}"#,
        r#""b:\n- 1\n- null\n""#,
    ),
    (
        "dates:month_later",
        r#""Jan 31 2026 7:30 PM""#,
        r#""2026-02-28T19:30:00""#,
    ),
    (
        "dates:fridays",
        r#""2026-01-01""#,
        r#"["Fri 02", "Fri 09"]"#,
    ),
    ("classes:moved", "3", r#"{"x": 3, "y": 5}"#),
    (
        "sql:transpile",
        r#""SELECT IFNULL(`a`, 0) FROM t LIMIT 2, 3""#,
        r#"["SELECT COALESCE(\"a\", 0) FROM t LIMIT 3 OFFSET 2"]"#,
    ),
    (
        "sql:tables",
        r#""SELECT 1 FROM a JOIN b USING (id)""#,
        r#"["a", "b"]"#,
    ),
    (
        "graphs:shortest",
        r#"[["a", "b"], ["a", "c"], ["c", "d"], ["b", "e"], ["e", "d"]]"#,
        r#"["a", "c", "d"]"#,
    ),
    (
        "algebra:integral",
        r#""cos(x)**2""#,
        r#""x/2 + sin(x)*cos(x)/2""#,
    ),
    (
        "algebra:roots",
        r#""x**2 - 2""#,
        r#"["-sqrt(2)", "sqrt(2)"]"#,
    ),
    (
        "zones:winter_and_summer",
        r#""Europe/Berlin""#,
        r#"["CET +0100", "CEST +0200"]"#,
    ),
    (
        "workers:spans",
        r#"["one", "two"]"#,
        r#"[["one", "two"], ["one", "two", "last"]]"#,
    ),
    ("workers:ticks", "0.01", "true"),
    ("workers:counted", "3", r#"["calls_total 3.0"]"#),
    (
        "tokens:round_trip",
        r#"{"sub": "ada"}"#,
        r#"[{"sub": "ada"}, "Signature verification failed"]"#,
    ),
    ("zones:has", r#""Pacific/Auckland""#, "true"),
    ("about:version", r#""python-dateutil""#, r#""4.0.0""#),
    ("about:version", r#""PyYAML""#, r#""6.0.3""#),
    (
        "about:all_names",
        "null",
        r#"["apscheduler", "attrs", "jinja2", "markupsafe", "mpmath", "networkx", "opentelemetry-api", "opentelemetry-sdk", "opentelemetry-semantic-conventions", "prometheus_client", "pyjwt", "python-dateutil", "pyyaml", "sqlglot", "sympy", "typing_extensions", "tzdata", "tzlocal"]"#,
    ),
    (
        "about:entry_points",
        r#""networkx.backends""#,
        r#"["nx_loopback"]"#,
    ),
    (
        "about:resource",
        r#"["UTC", "Europe/Berlin"]"#,
        "[111, 705]",
    ),
    (
        "about:first_line",
        r#""_native.py""#,
        r#""def _escape_inner(s: str, /) -> str:""#,
    ),
    (
        "about:modules",
        "null",
        r#"["composer", "constructor", "cyaml", "dumper"]"#,
    ),
    ("about:submodules", "null", r#"["markupsafe._native"]"#),
    (
        "about:text",
        "null",
        r#"[true, "site-packages/yaml/__init__.py", "site-packages/yaml/__init__.py"]"#,
    ),
    (
        "about:source",
        "null",
        r#""def safe_load(stream):\n    \"\"\"\n    Parse the first YAML document in a stream\n    and produce the corresponding Python object.\n\n    Resolve only basic YAML tags. This is known\n    to be safe for untrusted input.\n    \"\"\"\n    return load(stream, SafeLoader)\n""#,
    ),
];

/// Those that fail: module and function, input, what the traceback has.
const FAILURES: &[(&str, &str, &[&str])] = &[
    (
        "config:load",
        r#""a: [""#,
        &[
            "File \"config.py\", line 5, in load\n    return yaml.safe_load(text)\n",
            "File \"site-packages/yaml/__init__.py\", line 125, in safe_load\n    return load(stream, SafeLoader)\n",
            "yaml.parser.ParserError: while parsing a flow node\n",
        ],
    ),
    (
        "templates:broken",
        r#""{% for %}""#,
        &[
            "File \"<unknown>\", line 1, in template\n",
            "jinja2.exceptions.TemplateSyntaxError: Expected an expression",
        ],
    ),
    (
        "classes:moved",
        r#""three""#,
        &[
            "File \"<attrs generated methods classes.Point>\", line ",
            "File \"site-packages/attr/validators.py\", line ",
            "    raise TypeError(\n",
            "TypeError: (\"'x' must be <class 'int'>",
        ],
    ),
];

fn folder() -> PathBuf {
    root().join("xtask/tests/packages")
}

fn built(name: &str) -> PathBuf {
    let path = root().join("target/guest").join(name);
    assert!(path.exists(), "`cargo xtask test` builds the guest first");
    path
}

fn builder() -> PythonRuntimeBuilder {
    // To compile sympy, on a machine that does other things.
    let time = Duration::from_secs(120);
    PythonRuntime::builder().limits(Limits::default().cpu_time(time).wall_time(time))
}

#[allow(unsafe_code, reason = "an archive is trusted in so many words")]
fn baked() -> PythonRuntimeBuilder {
    let bytes = fs::read(built("python-with-tested.aot")).unwrap();
    // SAFETY: `cargo xtask test` has built it.
    builder().archive(unsafe { Archive::trust(bytes) }.unwrap())
}

#[tokio::test]
async fn from_wheels() {
    let wheels = fs::read_dir(built("python-with-tested/wheels")).unwrap();
    let builder = wheels.fold(builder(), |builder, wheel| {
        builder.packages(wheel.unwrap().path())
    });
    holds(builder.build().unwrap()).await;
}

#[tokio::test]
async fn from_the_guest() {
    holds(baked().build().unwrap()).await;
}

async fn holds(runtime: PythonRuntime) {
    let tree = SourceTree::new().folder(folder().join("cases")).unwrap();
    let failures = FAILURES.iter().map(|(target, ..)| target);
    let mut targets: Vec<_> = CASES.iter().map(|(target, ..)| target).collect();
    targets.extend(failures);
    targets.sort();
    targets.dedup();
    let mut wrong = Vec::new();
    // One program for each module, so that what one imports is not there for another.
    for module in targets.chunk_by(|a, b| a.split(':').next() == b.split(':').next()) {
        let program = module.iter().fold(runtime.program(), |program, target| {
            let source = PythonSource::from_tree(tree.clone(), target).unwrap();
            program.function(**target, source)
        });
        let program = program.build().await;
        let program = program.unwrap_or_else(|error| panic!("{module:?}: {error}"));
        for (target, input, output) in CASES {
            let Ok(function) = program.function(target) else {
                continue;
            };
            let expected: Value = serde_json::from_str(output).unwrap();
            match function.call_raw(*input).await {
                Ok(answer) if answer.deserialize::<Value>().unwrap() == expected => {}
                Ok(answer) => wrong.push(format!("{target} of {input}: {answer}, not {output}")),
                Err(error) => wrong.push(format!("{target} of {input}: {error}")),
            }
        }
        for (target, input, parts) in FAILURES {
            let Ok(function) = program.function(target) else {
                continue;
            };
            let error = function.call_raw(*input).await.unwrap_err();
            let error = PythonError::of(&error).unwrap();
            for part in *parts {
                if !error.traceback.contains(part) {
                    wrong.push(format!("{target} of {input}: no {part:?} in\n{error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One that is given goes before the guest's own of that name, and the others stay.
#[tokio::test]
async fn given_packages_go_before_those_of_the_guest() {
    let given = tempfile::tempdir().unwrap();
    let yaml = given.path().join("yaml");
    let info = given.path().join("pyyaml-99.dist-info");
    fs::create_dir(&yaml).unwrap();
    fs::create_dir(&info).unwrap();
    fs::write(
        yaml.join("__init__.py"),
        "def safe_load(text):\n    return 'given'\n",
    )
    .unwrap();
    fs::write(info.join("METADATA"), "Name: PyYAML\nVersion: 99\n").unwrap();
    let runtime = baked().packages(given.path()).build().unwrap();
    let source = "def load(text):
    import yaml, markupsafe
    from importlib import metadata
    return [yaml.safe_load(text), metadata.version('pyyaml'), metadata.version('markupsafe')]
";
    let load = runtime.function(PythonSource::def("load", source)).await;
    let answer: Value = load.unwrap().call("a: 1").await.unwrap();
    assert_eq!(answer, serde_json::json!(["given", "99", "3.0.4"]));
}

fn native_wheel(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}-1.0-py3-none-any.whl"));
    let mut wheel = ZipWriter::new(File::create(&path).unwrap());
    let native = format!("{name}/_speedups.so");
    let info = |file: &str| format!("{name}-1.0.dist-info/{file}");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
    let record = format!("{native},,\n{},,\n", info("RECORD"));
    for (file, text) in [
        (native, ""),
        (info("METADATA"), &metadata),
        (
            info("WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        (info("RECORD"), &record),
    ] {
        wheel
            .start_file(file, SimpleFileOptions::default())
            .unwrap();
        wheel.write_all(text.as_bytes()).unwrap();
    }
    wheel.finish().unwrap();
    path
}

#[test]
fn packages_with_native_code_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (stem, wheels) = (
        folder.path().file_name().unwrap().to_str().unwrap(),
        ["fast_yaml", "quick"].map(|name| native_wheel(folder.path(), name)),
    );
    // What `xtask` makes of it lies in `target/guest`, by the file's name.
    let requirements = folder.path().join(format!("native{stem}.txt"));
    let lines = wheels.map(|wheel| format!("{}\n", wheel.display()));
    fs::write(&requirements, lines.concat()).unwrap();
    let path = requirements.to_str().unwrap();
    let (passed, _, stderr) = xtask(&["build-guest", "--requirements", path]);
    let work = root().join(format!("target/guest/python-with-native{stem}"));
    fs::remove_dir_all(work).unwrap();
    assert!(!passed);
    let said = "  fast-yaml (fast_yaml/_speedups.so)\n  quick (quick/_speedups.so)\n";
    assert!(stderr.contains(said), "{stderr}");
    assert!(
        stderr.contains("  --no-binary fast-yaml,quick\n"),
        "{stderr}"
    );
}
