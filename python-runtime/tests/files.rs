//! Files in the guest's own memory: what programs do with them, how long they stay, and that they
//! are nobody else's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use python_runtime::{
    CallError, Function, HostcallContext, HostcallError, Isolation, Limit, Limits, PoolConfig,
    Program, PythonError, PythonRuntime, PythonRuntimeBuilder, PythonSource, ResetPolicy, Snapshot,
    SourceTree,
};
use serde_json::{Value, json};
use test_support::until;

/// Interpreters whose memory is compared after each reset.
fn pool(reset: ResetPolicy) -> PoolConfig {
    PoolConfig::default()
        .instances(1)
        .reset(reset)
        .verify(reset != ResetPolicy::Never)
}

fn builder(reset: ResetPolicy) -> PythonRuntimeBuilder {
    PythonRuntime::builder()
        .pool(pool(reset).park_after(Duration::ZERO))
        .hostcall("echo", async |_: HostcallContext, value: Value| {
            tokio::task::yield_now().await;
            Ok::<_, HostcallError>(value)
        })
}

fn source(function: &str) -> PythonSource {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let tree = SourceTree::new().glob(folder, "**/*").unwrap();
    PythonSource::from_tree(tree, &format!("shop.checks:{function}")).unwrap()
}

/// A program with functions of `tests/files/shop/checks.py`.
async fn program(runtime: &PythonRuntime, isolation: Isolation, names: &[&str]) -> Program {
    let program = runtime.program().isolation(isolation);
    let functions = names.iter();
    let program = functions.fold(program, |program, name| {
        program.function(*name, source(name))
    });
    program.build().await.unwrap()
}

async fn read(program: &Program, path: &str) -> Value {
    let read = program.function("read").unwrap();
    read.call(&path).await.unwrap()
}

async fn write(program: &Program, path: &str, content: &str) -> Vec<String> {
    let write = program.function("write").unwrap();
    write.call(&[path, content]).await.unwrap()
}

async fn all_checks(run: &Function, names: &Function) {
    let names: Vec<String> = names.call(&()).await.unwrap();
    assert!(names.len() > 15, "{names:?}");
    let mut failed = Vec::new();
    for name in names {
        if let Err(error) = run.call::<_, ()>(&name).await {
            let error =
                PythonError::of(&error).map_or(error.to_string(), |error| error.to_string());
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn programs_find_files_as_they_are_used_to_them() {
    for reset in [ResetPolicy::Require, ResetPolicy::Never] {
        let runtime = builder(reset).build().unwrap();
        let program = program(&runtime, Isolation::PerCall, &["run", "names"]).await;
        let [run, names] = ["run", "names"].map(|name| program.function(name).unwrap());
        all_checks(&run, &names).await;
    }
}

#[tokio::test]
async fn files_are_gone_after_a_call() {
    for reset in [ResetPolicy::Require, ResetPolicy::Never] {
        let runtime = builder(reset).build().unwrap();
        let program = program(&runtime, Isolation::PerCall, &["read", "write"]).await;
        let other = self::program(&runtime, Isolation::PerCall, &["read"]).await;
        let large = "x".repeat(2 << 20);
        for content in ["small", &large] {
            for _ in 0..3 {
                let names = write(&program, "state", content).await;
                assert_eq!(names, ["kept", "shop", "site-packages", "state"]);
                assert_eq!(read(&program, "state").await, Value::Null);
                assert_eq!(read(&other, "state").await, Value::Null);
            }
        }
    }
}

#[tokio::test]
async fn files_that_loading_wrote_are_part_of_the_program() {
    for reset in [ResetPolicy::Require, ResetPolicy::Never] {
        let runtime = builder(reset).build().unwrap();
        let program = program(&runtime, Isolation::PerCall, &["read", "write"]).await;
        let path = "kept/by/loading.txt";
        for _ in 0..3 {
            assert_eq!(read(&program, path).await, "loaded");
            write(&program, path, "changed").await;
        }
        assert_eq!(read(&program, path).await, "loaded");
        if reset == ResetPolicy::Never {
            continue;
        }
        let snapshot = program.snapshot().await.unwrap().into_bytes();
        let elsewhere = builder(reset).build().unwrap();
        let snapshot = Snapshot::from_bytes(snapshot).unwrap();
        let again = elsewhere.restore(&snapshot).unwrap().build().await.unwrap();
        assert_eq!(read(&again, path).await, "loaded");
    }
}

#[tokio::test]
async fn files_stay_where_state_does() {
    let runtime = builder(ResetPolicy::Require).build().unwrap();
    let shared = program(&runtime, Isolation::Shared, &["read", "write"]).await;
    write(&shared, "state", "kept").await;
    assert_eq!(read(&shared, "state").await, "kept");

    let kept = PoolConfig::default().instances(1).reset(ResetPolicy::Never);
    for pool in [pool(ResetPolicy::Require), kept] {
        let runtime = PythonRuntime::builder().pool(pool).build().unwrap();
        let session = runtime.session().await.unwrap();
        session
            .run("file = open('notes.txt', 'w+'); file.write('one\\n')")
            .await
            .unwrap();
        session
            .run("file.write('two\\n'); file.flush()")
            .await
            .unwrap();
        let content = "open('/work/notes.txt').read()";
        let outcome = session.run(content).await.unwrap();
        assert_eq!(outcome.value, Some(json!("one\ntwo\n")));
        // A cell that fails leaves what it did, as it does of other state.
        session
            .run("import os; os.remove('notes.txt'); 1 / 0")
            .await
            .unwrap_err();
        let outcome = session.run("os.listdir()").await.unwrap();
        assert_eq!(outcome.value, Some(json!(["site-packages"])));
        let other = runtime.session().await.unwrap();
        let outcome = other.run("import os; os.listdir()").await.unwrap();
        assert_eq!(outcome.value, Some(json!(["site-packages"])));
    }
}

#[tokio::test]
async fn files_stay_while_a_call_is_parked() {
    let runtime = builder(ResetPolicy::Require).build().unwrap();
    let program = program(&runtime, Isolation::PerCall, &["read", "waits", "write"]).await;
    let waits = program.function("waits").unwrap();
    let calls = (0..20).map(|n| {
        let waits = &waits;
        async move { (n, waits.call::<_, String>(&n).with_receipt().await) }
    });
    let mut parks = 0;
    for (n, (answer, receipt)) in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap(), format!("before {n}"));
        parks += receipt.parks;
    }
    assert!(parks > 0);
    assert_eq!(read(&program, "state").await, Value::Null);
}

/// Files are memory, so one limit bounds both.
#[tokio::test]
async fn files_end_at_the_memory_limit() {
    let limits = Limits::default().memory(64 << 20);
    let runtime = builder(ResetPolicy::Require)
        .limits(limits)
        .build()
        .unwrap();
    let program = program(&runtime, Isolation::PerCall, &["read", "write"]).await;
    let write = program.function("write").unwrap();
    for _ in 0..2 {
        let content = "x".repeat(15 << 20);
        match write.call::<_, Value>(&["state", &content]).await {
            Err(CallError::Limit { exceeded, .. }) => assert_eq!(exceeded.limit, Limit::Memory),
            other => panic!("{other:?}"),
        }
        until("an instance is idle", || runtime.stats().idle > 0).await;
        assert_eq!(read(&program, "state").await, Value::Null);
    }
}

#[tokio::test]
async fn packages_of_the_host_are_files_too() {
    let packages = tempfile::tempdir().unwrap();
    for (path, content) in [
        (
            "places/__init__.py",
            "import os\nHERE = os.path.dirname(__file__)\n",
        ),
        ("places/data/list.txt", "a\nb\n"),
        ("places/data/empty.txt", ""),
        (
            "places-1.0.dist-info/METADATA",
            "Name: places\nVersion: 1.0\n",
        ),
        ("alone.py", ""),
    ] {
        let path = packages.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let runtime = builder(ResetPolicy::Require)
        .packages(packages.path())
        .build()
        .unwrap();
    let source = r"
import os

def f(x):
    import importlib.metadata, importlib.resources, places
    with open(os.path.join(places.HERE, 'data', 'list.txt')) as file:
        lines = file.readlines()
    with importlib.resources.as_file(importlib.resources.files(places) / 'data') as folder:
        copied = sorted(os.listdir(folder))
    return [
        lines, copied, sorted(os.listdir('site-packages')), sorted(os.listdir(places.HERE)),
        os.stat('site-packages/places/data/empty.txt').st_size,
        os.path.exists('site-packages/places/no'), os.path.isfile('site-packages/alone.py'),
    ]
";
    let f = runtime
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    for _ in 0..2 {
        let found: Value = f.call(&()).await.unwrap();
        assert_eq!(
            found,
            json!([
                ["a\n", "b\n"],
                ["empty.txt", "list.txt"],
                ["alone.py", "places", "places-1.0.dist-info", "tzdata"],
                ["__init__.py", "data"],
                0,
                false,
                true
            ])
        );
    }
}
