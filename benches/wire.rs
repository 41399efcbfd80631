//! What the host costs over a bare Wasmtime call, with the same guest; and what a component costs
//! before its first call.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use artifact_embed::{Archive, Effort, EngineConfig, HOST_TARGET, Loader};
use benches::{Ladder, Times, repeat, timed};
use serde_json::Value;
use wasm_runtime::{Compiler, Component, Isolation, Limits, Op, WasmRuntime};
use wasmtime::component::{Linker, WasmList};
use wasmtime::{Store, StoreContextMut};

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

/// No deadline, no timer, and nothing that a check could find too large. What is left is what makes
/// limits possible: metering, which the bare call does without.
const UNLIMITED: Limits = Limits::new()
    .wall_time(Duration::MAX)
    .cpu_time(Duration::MAX)
    .memory(usize::MAX)
    .input(usize::MAX)
    .output(usize::MAX)
    .log(usize::MAX)
    .hostcalls(u64::MAX)
    .hostcall_payload(usize::MAX)
    .wait(Duration::MAX)
    .nesting(u32::MAX);

fn echo() -> Op {
    Op::new("echo")
}

fn main() {
    let mut ladder = Ladder::default();
    wire(&mut ladder);
    components(&mut ladder);
}

/// A runtime for our own guests, which are trusted.
fn runtime() -> WasmRuntime {
    let runtime = WasmRuntime::builder().compiler(Compiler::InProcess);
    runtime.build().expect("a runtime")
}

fn wire(ladder: &mut Ladder) {
    // 1 KB of JSON.
    let input: Arc<str> = format!("[{:?},{:?}]", "a".repeat(500), "b".repeat(517)).into();
    let bytes = std::fs::read(guest("rust-no-wasi.wasm")).expect("the Rust guest");
    let runtime = runtime();
    let component = ladder
        .tokio
        .block_on(runtime.component(bytes.as_slice()))
        .expect("a component");

    let program = component.program([echo()]).isolation(Isolation::Shared);
    let program = ladder.tokio.block_on(program.build()).expect("a program");
    let function = program.function("echo").expect("a function");
    // The same engine settings, the same component.
    let loader = Loader::new(&EngineConfig::default()).expect("a loader");
    let loaded = loader.compile(&loader.compile_key(&bytes), &bytes);
    let bare_component = loaded.expect("a component").component;
    let engine = loader.engine();
    let mut linker = Linker::new(engine);
    bare::WitWire::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |host| host)
        .expect("a linker");
    // Its checks cost a bare call what they cost others.
    let interrupts = linker.instance("wit-wire:instance/interrupts");
    let flag = |_: StoreContextMut<'_, bare::NoHost>, (_,): (WasmList<u8>,)| Ok(());
    let linked = interrupts.and_then(|mut interrupts| interrupts.func_wrap("flag", flag));
    linked.expect("a linker");
    let mut store = Store::new(engine, bare::NoHost);
    let instance = ladder
        .tokio
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
    let answer = ladder
        .tokio
        .block_on(guest_of_wire.call_init(&mut store, &args));
    answer.expect("a call").expect("an initialised guest");
    let request = HandleReq {
        op_name: "echo".to_owned(),
        in_json: input.to_string(),
    };
    ladder.tokio.block_on(async {
        let mut wire = Times::of("wire.echo_1k");
        let mut unlimited = Times::of("wire.echo_1k.unlimited");
        let mut bare = Times::of("bare.echo_1k");
        // By turns, so that a machine that is slower for a while is so for both.
        for _ in repeat(8.0) {
            for _ in 0..1_000 {
                let call = async || function.call_raw(input.clone()).await.expect("an answer");
                wire.add(timed(call).await);
            }
            for _ in 0..1_000 {
                let call = async || {
                    let call = function.call_raw(input.clone()).limits(UNLIMITED);
                    call.await.expect("an answer")
                };
                unlimited.add(timed(call).await);
            }
            for _ in 0..1_000 {
                let call = async || {
                    let answer = guest_of_wire.call_handle(&mut store, &request).await;
                    answer.expect("a call").expect("an answer")
                };
                bare.add(timed(call).await);
            }
        }
        wire.record();
        unlimited.record();
        bare.record();
    });
}

fn components(ladder: &mut Ladder) {
    let runtime = runtime();
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
    let archive = artifact_embed::compile(&bytes, &EngineConfig::default(), HOST_TARGET)
        .and_then(|compiled| compiled.pack(Effort::Fast))
        .expect("an archive");
    #[allow(unsafe_code, reason = "loading an archive is running it")]
    // SAFETY: made in the statement above.
    let archive = unsafe { Archive::trust(archive) }.expect("an archive");
    ladder.rung("precompiled.first_call", 2.0, async || {
        let component = runtime.component_from_archive(archive.clone()).await;
        first_call(&component.expect("a component")).await
    });

    let path = guest("python.wasm");
    ladder.rung("component.cached_file", 2.0, async || {
        let component = runtime.component_from_path(&path).await;
        component.map(drop).expect("a component")
    });
    let bytes = std::fs::read(&path).expect("the Python guest");
    ladder.rung("component.cached_bytes", 2.0, async || {
        let component = runtime.component(bytes.as_slice()).await;
        component.map(drop).expect("a component")
    });
}
