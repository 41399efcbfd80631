//! Components brought as bytes, files and archives: what is accepted, what is refused, what is compiled when.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::task::JoinSet;
use wasm_runtime::{
    Archive, CallError, Component, Error, HostcallContext, HostcallError, Op, Shape, WasmRuntime,
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
        .cache_folder(cache)
        .build()
        .unwrap()
}

async fn sum(component: &Component) -> i64 {
    let op = Op::new("sum")
        .data(&json!({"ty": "lambda", "source": "lambda x, ctx: ctx.hostcall('add', x)"}));
    let program = component.program([op]).build().await.unwrap();
    program
        .function("sum")
        .unwrap()
        .call(&[2, 3])
        .await
        .unwrap()
}

#[cfg(unix)]
/// The files in the cache folder, with what tells a new one from an old.
fn entries(cache: &Path) -> Vec<(PathBuf, u64)> {
    use std::os::unix::fs::MetadataExt;
    let entries = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.path(), entry.metadata().unwrap().ino()))
        .collect()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_compiled_and_kept() {
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
    assert_eq!((sum(&second).await, second.shape()), (5, Shape::Article));
    // What was added is a note of the file.
    let noted = entries(&cache);
    assert!(compiled.iter().all(|entry| noted.contains(entry)));
    let third = runtime(&cache)
        .component_from_path(guest("python.wasm"))
        .await
        .unwrap();
    assert_eq!((sum(&third).await, third.shape()), (5, Shape::Article));
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
        "a damaged entry is made anew"
    );
}

#[tokio::test]
async fn a_precompiled_component_needs_no_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(guest("python.aot")).unwrap();
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { Archive::trust(bytes).unwrap() };
    let component = runtime(folder.path()).precompiled(archive).await.unwrap();
    assert_eq!(sum(&component).await, 5);
}

#[tokio::test]
async fn what_is_no_component_is_refused_in_a_sentence() {
    let runtime = WasmRuntime::builder()
        .without_cache()
        .largest_component(1 << 20)
        .build()
        .unwrap();
    #[cfg(unix)]
    {
        // Which says that it has no bytes.
        let endless = runtime.component_from_path("/dev/zero").await;
        let error = endless.err().unwrap().to_string();
        assert!(error.contains("this runtime accepts 1048576"), "{error}");
    }
    let cases: [(&[u8], &str); 6] = [
        (b"", "this is an empty file, not a component: was it built?"),
        (
            b"\0asm\x01\0\0\0",
            "this is a core module, not a component: build it for wasm32-wasip2, or wrap it with",
        ),
        (
            b"\x7fELF",
            "this is a native binary or precompiled code, not a component",
        ),
        (
            b"\x89WAOT\r\n\x1a",
            "this is an archive, not a component: load it with `precompiled`",
        ),
        (
            b"(component)",
            "this is no WebAssembly binary, not a component: build a component",
        ),
        (
            &[0; (1 << 20) + 1],
            "the component has 1048577 bytes, and this runtime accepts 1048576",
        ),
    ];
    for (bytes, expected) in cases {
        let error = runtime.component(bytes).await.err().unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = runtime
        .component(*b"\0asm\x0d\0\x01\0")
        .await
        .err()
        .unwrap();
    let Error::Host(host) = &error else {
        panic!("{error}")
    };
    assert!(matches!(&**host, CallError::Mismatch(_)), "{error}");
    let error = runtime
        .component(*b"\0asm\x0d\0\x01\0\x05\xff\x01")
        .await
        .err()
        .unwrap();
    assert!(matches!(&error, Error::Compile(_)), "{error}");
    let error = runtime
        .component_from_path("no/such.wasm")
        .await
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "can't read no/such.wasm");
}

#[test]
fn outside_a_runtime_is_an_error_and_no_panic() {
    let runtime = WasmRuntime::builder().without_cache().build().unwrap();
    let mut component = std::pin::pin!(runtime.component(*b"\0asm\x0d\0\x01\0"));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = component.as_mut().poll(&mut context) else {
        panic!("it waits")
    };
    assert!(
        matches!(&error, Error::Host(host) if matches!(**host, CallError::NoRuntime)),
        "{error}"
    );
}
