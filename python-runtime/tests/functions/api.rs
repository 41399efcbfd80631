//! The runtime's own API.

use std::fmt::Debug;
use std::path::Path;

use python_runtime::{
    Archive, CallError, Error, HostModule, PoolConfig, PythonError, PythonProgramBuilder,
    PythonRuntime, PythonRuntimeBuilder, PythonSource, SourceTree,
};

use crate::RUNTIME;

#[test]
fn what_users_hold_can_go_anywhere_and_be_printed() {
    fn check<T: Debug + Send + Sync + 'static>() {}
    check::<PythonRuntime>();
    check::<PythonRuntimeBuilder>();
    check::<PythonProgramBuilder>();
    check::<PythonSource>();
    check::<SourceTree>();
    check::<HostModule>();
    check::<PythonError>();
    check::<Error>();
    check::<CallError>();

    fn can_be_spawned(_: impl Send + 'static) {}
    can_be_spawned(async {
        let function = RUNTIME.function(PythonSource::lambda("len")).await?;
        RUNTIME.program().build().await?;
        RUNTIME.warm(1).await?;
        RUNTIME.shut_down().await;
        function.call::<_, usize>("text").await?;
        Ok::<_, Error>(())
    });
}

#[test]
fn nothing_of_the_engine_shows_in_the_api() {
    // A type of wasmtime can only come from a dependency, or through a type of one that takes it.
    let manifest = include_str!("../../Cargo.toml");
    assert!(!manifest.contains("wasmtime"), "{manifest}");
    let exports = include_str!("../../src/lib.rs");
    let names: Vec<_> = exports
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    for taking in [
        "Host",
        "HostBuilder",
        "Component",
        "Instance",
        "Loader",
        "Loaded",
    ] {
        assert!(!names.contains(&taking), "{taking}");
    }
}

#[test]
fn blocking_code_needs_no_runtime() {
    let function = RUNTIME
        .function_blocking(PythonSource::lambda("lambda x: x + 1"))
        .unwrap();
    assert_eq!(function.call::<_, i64>(&1).run_blocking().unwrap(), 2);
}

#[tokio::test]
async fn a_runtime_can_be_given_its_guest_and_its_cache() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/python.aot");
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { Archive::trust(std::fs::read(path).unwrap()).unwrap() };
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let runtime = PythonRuntime::builder()
        .archive(archive)
        .cache_folder(&cache)
        .pool(PoolConfig::default().instances(1))
        .build()
        .unwrap();
    assert_eq!(runtime.cache_problem(), None);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    let source = PythonSource::lambda("lambda x: x");
    let function = runtime.function(source).await.unwrap();
    assert_eq!(function.call::<_, i32>(&1).await.unwrap(), 1);

    std::fs::write(folder.path().join("file"), "").unwrap();
    let runtime = PythonRuntime::builder()
        .cache_folder(folder.path().join("file/below"))
        .build()
        .unwrap();
    let problem = runtime.cache_problem().unwrap();
    assert!(problem.contains("file/below"), "{problem}");
}
