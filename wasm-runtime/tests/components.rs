//! A component brought as bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use serde_json::json;
use wasm_runtime::{CallError, Error, HostcallContext, HostcallError, Op, WasmRuntime};

#[tokio::test]
async fn a_component_is_compiled_and_its_functions_called() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/python.wasm");
    let bytes = std::fs::read(path).expect("`cargo xtask test` builds the guest first");
    let add = async |_: HostcallContext, (a, b): (i64, i64)| Ok::<_, HostcallError>(a + b);
    let runtime = WasmRuntime::builder().hostcall("add", add).build().unwrap();
    let component = runtime.component(bytes).await.unwrap();
    let op = Op::new("sum")
        .data(&json!({"ty": "lambda", "source": "lambda x, ctx: ctx.hostcall('add', x)"}));
    let sum = component
        .program([op])
        .build()
        .await
        .unwrap()
        .function("sum")
        .unwrap();
    assert_eq!(sum.call::<_, i64>(&[2, 3]).await.unwrap(), 5);
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let runtime = WasmRuntime::builder().build().unwrap();
    let error = runtime.component("not wasm").await.err().unwrap();
    assert!(matches!(&error, Error::Compile(_)), "{error}");
    let empty = b"\0asm\x0d\0\x01\0";
    let error = runtime.component(*empty).await.err().unwrap();
    assert!(
        matches!(&error, Error::Host(CallError::Mismatch(_))),
        "{error}"
    );
}
