//! What the host costs over a bare Wasmtime call, with the same guest; and what a component costs before its first call.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros make public items; a bench fails by panicking"
)]

use std::path::PathBuf;
use std::sync::Arc;

use artifact_embed::{Archive, Effort, EngineProfile, HOST_TARGET, Loader};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::Value;
use wasm_runtime::{Component, Isolation, Op, WasmRuntime};
use wasmtime::Store;
use wasmtime::component::Linker;

/// The protocol as `bindgen` makes it of the WIT, for calls without a host of ours.
mod bare {
    wasmtime::component::bindgen!({
        path: "../wit/wit-wire.wit",
        imports: { default: async },
        exports: { default: async },
    });

    pub(crate) struct NoHost;

    impl metatype::wit_wire::typegate_wire::Host for NoHost {
        async fn hostcall(&mut self, _: String, _: String) -> Result<String, String> {
            Err("there is no host".to_owned())
        }
    }
}

use bare::exports::metatype::wit_wire::mat_wire::{HandleReq, InitArgs, MatInfo};

fn guest(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../target/guest")
        .join(name)
}

fn echo() -> Op {
    Op::new("echo")
}

fn wire(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    // 1 KB of JSON.
    let input: Arc<str> = format!("[{:?},{:?}]", "a".repeat(500), "b".repeat(517)).into();
    let bytes = std::fs::read(guest("rust-no-wasi.wasm")).expect("the Rust guest");
    let runtime = WasmRuntime::builder().build().expect("a runtime");
    let component = tokio
        .block_on(runtime.component(bytes.as_slice()))
        .expect("a component");

    let program = component.program([echo()]).isolation(Isolation::Shared);
    let program = tokio.block_on(program.build()).expect("a program");
    let function = program.function("echo").expect("a function");
    criterion.bench_function("wire.echo_1k", |bench| {
        bench.iter(|| {
            let answer = tokio.block_on(function.call_raw(input.clone()).into_future());
            answer.expect("an answer")
        });
    });

    // The same engine settings, the same component.
    let loader = Loader::new(&EngineProfile::default()).expect("a loader");
    let loaded = loader.compile(&loader.key(&bytes), &bytes);
    let bare_component = loaded.expect("a component").component;
    let engine = loader.engine();
    let mut linker = Linker::new(engine);
    bare::WitWire::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |host| host)
        .expect("a linker");
    let mut store = Store::new(engine, bare::NoHost);
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = tokio
        .block_on(bare::WitWire::instantiate_async(
            &mut store,
            &bare_component,
            &linker,
        ))
        .expect("an instance");
    let guest_of_wire = instance.metatype_wit_wire_mat_wire();
    let info = MatInfo {
        op_name: "echo".to_owned(),
        mat_title: "echo".to_owned(),
        mat_data_json: "null".to_owned(),
    };
    let args = InitArgs {
        expected_ops: vec![info],
        metatype_version: wasm_runtime::PROTOCOL_VERSION.to_owned(),
    };
    let answer = tokio.block_on(guest_of_wire.call_init(&mut store, &args));
    answer.expect("a call").expect("an initialised guest");
    let request = HandleReq {
        op_name: "echo".to_owned(),
        in_json: input.to_string(),
    };
    criterion.bench_function("bare.echo_1k", |bench| {
        bench.iter(|| {
            let answer = tokio.block_on(guest_of_wire.call_handle(&mut store, &request));
            answer.expect("a call").expect("an answer")
        });
    });
}

fn components(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    let runtime = WasmRuntime::builder().build().expect("a runtime");
    let first_call = async |component: &Component| {
        let program = component
            .program([echo()])
            .build()
            .await
            .expect("a program");
        let function = program.function("echo").expect("a function");
        function.call::<_, Value>(&1).await.expect("an answer")
    };

    let bytes = std::fs::read(guest("rust.wasm")).expect("the Rust guest");
    let archive = artifact_embed::compile(&bytes, &EngineProfile::default(), HOST_TARGET)
        .and_then(|compiled| compiled.pack(Effort::Fast))
        .expect("an archive");
    #[allow(unsafe_code, reason = "loading an archive is running it")]
    // SAFETY: made in the statement above.
    let archive = unsafe { Archive::trust(archive) }.expect("an archive");
    criterion.bench_function("precompiled.first_call (Rust)", |bench| {
        bench.to_async(&tokio).iter(async || {
            let component = runtime
                .precompiled(archive.clone())
                .await
                .expect("a component");
            first_call(&component).await
        });
    });

    let path = guest("python.wasm");
    criterion.bench_function("component.cached (Python, from its file)", |bench| {
        bench.to_async(&tokio).iter(async || {
            runtime
                .component_from_path(&path)
                .await
                .map(drop)
                .expect("a component")
        });
    });
    let bytes = std::fs::read(&path).expect("the Python guest");
    criterion.bench_function("component.cached (Python, from bytes)", |bench| {
        bench.to_async(&tokio).iter(async || {
            runtime
                .component(bytes.as_slice())
                .await
                .map(drop)
                .expect("a component")
        });
    });
}

criterion_group!(benches, wire, components);
criterion_main!(benches);
