//! Components as bytes, files and archives: what is accepted, rejected, and compiled when.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Debug;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::json;
use tokio::task::JoinSet;
use wasm_runtime::{
    Archive, BinaryFormat, BuildError, CacheFolder, CallError, Compiler, Component, Dialect, Error,
    HostcallContext, HostcallError, Op, WasmRuntime, WasmRuntimeBuilder,
};

/// The Python guest, as an example of a large component.
fn guest(file: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/guest")
        .join(file);
    assert!(path.is_file(), "`cargo xtask test` builds the guest first");
    path
}

fn runtime(cache: &Path) -> WasmRuntime {
    let add = async |_: HostcallContext, (a, b): (i64, i64)| Ok::<_, HostcallError>(a + b);
    WasmRuntime::builder()
        .hostcall("add", add)
        // What this project built.
        .compiler(Compiler::InProcess)
        .cache_folder(cache)
        .build()
        .unwrap()
}

async fn sum(component: &Component) -> i64 {
    let op = Op::new("sum")
        .with_data(&json!({"ty": "lambda", "source": "lambda x, ctx: ctx.hostcall('add', x)"}));
    let program = component.program([op]).build().await.unwrap();
    program
        .function("sum")
        .unwrap()
        .call(&[2, 3])
        .await
        .unwrap()
}

/// The files in the cache folder, with their inodes, which tell a new file from an old one.
#[cfg(unix)]
fn entries(cache: &Path) -> Vec<(PathBuf, u64)> {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.path(), entry.metadata().unwrap().ino()))
        .collect()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_compiled_once_and_cached() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let bytes = fs::read(guest("python.wasm")).unwrap();

    // Many at once.
    let first = runtime(&cache);
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (runtime, bytes) = (first.clone(), bytes.clone());
        requests.spawn(async move { sum(&runtime.component(bytes).await.unwrap()).await });
    }
    assert_eq!(requests.join_all().await, [5; 8]);
    let compiled = entries(&cache);
    assert_eq!(compiled.len(), 1, "{compiled:?}");

    // Another process, as far as the cache can tell.
    let second = runtime(&cache)
        .component_from_path(guest("python.wasm"))
        .await
        .unwrap();
    assert_eq!((sum(&second).await, second.dialect()), (5, Dialect::V1));
    // What was added is the record of the file.
    let noted = entries(&cache);
    assert!(compiled.iter().all(|entry| noted.contains(entry)));
    let third = runtime(&cache)
        .component_from_path(guest("python.wasm"))
        .await
        .unwrap();
    assert_eq!((sum(&third).await, third.dialect()), (5, Dialect::V1));
    assert_eq!(entries(&cache), noted);

    let (file, _) = compiled.first().unwrap();
    let code = fs::read(file).unwrap();
    // Another file in its place: the old one is mapped.
    let half = folder.path().join("half");
    fs::write(&half, code.get(..code.len() / 2).unwrap()).unwrap();
    fs::rename(&half, file).unwrap();
    let fourth = runtime(&cache).component(bytes).await.unwrap();
    assert_eq!(sum(&fourth).await, 5);
    assert_eq!(
        fs::metadata(file).unwrap().len(),
        code.len() as u64,
        "a damaged entry is written again"
    );
}

#[tokio::test]
async fn a_precompiled_component_needs_no_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(guest("python.aot")).unwrap();
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { Archive::trust(bytes).unwrap() };
    let runtime = runtime(folder.path());
    let component = runtime.component_from_archive(archive).await.unwrap();
    assert_eq!(sum(&component).await, 5);
}

const MAX_BYTES: usize = 1 << 20;

fn uncached() -> WasmRuntime {
    let compiler = env!("CARGO_BIN_EXE_wasm-runtime-compiler");
    WasmRuntime::builder()
        .compiler(Compiler::Executable(compiler.into()))
        .cache_folder(CacheFolder::None)
        .max_component_bytes(MAX_BYTES)
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_is_no_component_is_refused_by_its_format() {
    let runtime = uncached();
    for (bytes, format) in [
        (&b""[..], BinaryFormat::Empty),
        (b"\0asm\x01\0\0\0", BinaryFormat::CoreModule),
        (b"\0asm\x07\0\0\0", BinaryFormat::UnknownVersion),
        (b"\x7fELF", BinaryFormat::Native),
        (b"\x89WAOT\r\n\x1a", BinaryFormat::Archive),
        (b"(component)", BinaryFormat::Unknown),
    ] {
        let error = runtime.component(bytes).await.err().unwrap();
        assert!(
            matches!(error, Error::NotAComponent { found } if found == format),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_unread() {
    let runtime = uncached();
    let is_too_large = |error: &Error| matches!(error, Error::TooLarge { bytes, limit } if (*bytes, *limit) == (MAX_BYTES + 1, MAX_BYTES));
    let error = runtime
        .component(vec![0; MAX_BYTES + 1])
        .await
        .err()
        .unwrap();
    assert!(is_too_large(&error), "{error}");
    // A device has no length, and this one no end.
    #[cfg(unix)]
    {
        let endless = runtime.component_from_path("/dev/zero").await;
        let error = endless.err().unwrap();
        assert!(is_too_large(&error), "{error}");
    }
}

#[tokio::test]
async fn what_looks_like_a_component_and_is_none_is_refused() {
    let runtime = uncached();
    let empty = runtime.component(*b"\0asm\x0d\0\x01\0").await;
    let error = empty.err().unwrap();
    let Error::Host(host) = &error else {
        panic!("{error}")
    };
    assert!(matches!(&**host, BuildError::Mismatch(_)), "{error}");
    let cut = runtime.component(*b"\0asm\x0d\0\x01\0\x05\xff\x01").await;
    let error = cut.err().unwrap();
    assert!(matches!(&error, Error::Compile(_)), "{error}");
    let missing = runtime.component_from_path("no/such.wasm").await;
    let error = missing.err().unwrap();
    assert!(
        matches!(&error, Error::Read { path, .. } if path == Path::new("no/such.wasm")),
        "{error}"
    );
}

#[test]
fn outside_a_runtime_is_an_error_and_no_panic() {
    let runtime = uncached();
    let mut component = pin!(runtime.component(*b"\0asm\x0d\0\x01\0"));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = component.as_mut().poll(&mut context) else {
        panic!("it waits")
    };
    assert!(matches!(&error, Error::NoRuntime), "{error}");
}

#[test]
fn what_users_hold_can_go_anywhere_and_be_printed() {
    fn check<T: Debug + Send + Sync + 'static>() {}
    check::<WasmRuntime>();
    check::<WasmRuntimeBuilder>();
    check::<CacheFolder>();
    check::<Error>();
    check::<CallError>();

    fn can_be_spawned(_: impl Send + 'static) {}
    let runtime = uncached();
    can_be_spawned(async move {
        let component = runtime.component_from_path("component.wasm").await?;
        let program = component.program([Op::new("op")]).build().await?;
        program.function("op")?.call::<_, ()>(&()).await?;
        runtime.shut_down().await;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    });
}
