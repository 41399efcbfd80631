//! What an instance that is used directly prints.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use wasm_runtime::{Compiler, Limits, Op, Stream, WasmRuntime};
use wit_wire_host::Meter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_has_the_output_of_its_latest_run() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/rust-shop.wasm");
    assert!(guest.is_file(), "`cargo xtask test` builds the guest first");
    let runtime = WasmRuntime::builder()
        // What this project built.
        .compiler(Compiler::InProcess)
        .cache_folder(folder.path().join("cache"));
    let component = runtime.build().unwrap().component_from_path(guest).await;
    let meter = Meter::new(Limits::default().log(8));
    let mut instance = component.unwrap().instantiate(&meter).await.unwrap();
    assert_eq!(instance.take_output().to_string(), "");
    let init = instance.init(&meter, &[Op::new("greet")], "0.0.1").await;
    init.unwrap();
    assert_eq!(instance.take_output().to_string(), "");

    let greet = "greet".into();
    for name in ["Ada", "Grace"] {
        let input = format!("\"{name}\"");
        instance.handle(&meter, &greet, input).await.unwrap();
    }
    // Each run has the whole limit.
    let output = instance.take_output();
    assert_eq!(output.text(Stream::Stderr), "Grace co");
    assert_eq!(output.dropped(Stream::Stderr), 7);
    assert_eq!(instance.take_output().to_string(), "");
}
