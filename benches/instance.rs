//! What the life of an instance consists of.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::Arc;

use artifact_embed::{Archive, EngineConfig, Loader};
use benches::{ADD, Quiet, Times, add, repeat, runtime, sum, timed};
use python_runtime::{Function, PoolConfig};
use serde_json::{Value, json};
use wit_wire_host::{Host, Limits, Meter, Op, PROTOCOL_VERSION};

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    tokio.block_on(fresh());
    tokio.block_on(kept());
}

/// Instances that no pool has a part in: built, initialised, called.
async fn fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guest/python.aot");
    let bytes = std::fs::read(path).expect("`cargo xtask bench` builds the guest first");
    #[allow(unsafe_code, reason = "loading an archive is running it")]
    // SAFETY: `cargo xtask bench` made it of this source.
    let archive = unsafe { Archive::trust(bytes) }.expect("an archive");
    let loader = Loader::new(&EngineConfig::default()).expect("a loader");
    let loaded = loader.load(&archive).expect("a component");
    let host = Host::builder().build(loader.engine()).expect("a host");
    let component = host.component(&loaded.component).expect("a component");

    let mut instantiate = Times::of("instantiate");
    let mut init = Times::of("init");
    let mut call = Times::of("call.first");
    let op = || Op::new("add").with_data(&json!({"ty": "def", "func_name": "add", "source": ADD}));
    let name: Arc<str> = "add".into();
    for turn in repeat(5.0) {
        let run = Meter::new(Limits::default());
        let mut instance = None;
        let built = timed(async || instance = component.instantiate(&run).await.ok()).await;
        let mut instance = instance.expect("an instance");
        let initialised = timed(async || {
            let done = instance.init(&run, &[op()], PROTOCOL_VERSION).await;
            done.expect("an initialised guest");
        });
        let initialised = initialised.await;
        let called = timed(async || {
            let answer = instance.handle(&run, &name, sum().to_string()).await;
            answer.expect("an answer")
        });
        let called = called.await;
        // The first ones bring the guest's code into memory.
        if turn >= 3 {
            instantiate.add(built);
            init.add(initialised);
            call.add(called);
        }
    }
    instantiate.record();
    init.record();
    call.record();
}

/// What a pool does to its only instance: takes it back after a call, and gives it another program
/// before one.
async fn kept() {
    let runtime = runtime(PoolConfig::default().instances(1));
    let (one, other) = (add(&runtime).await, add(&runtime).await);
    let quiet = Quiet::of(&runtime).await;
    let call = async |function: &Function| {
        let answer = function.call::<_, Value>(&sum()).await;
        answer.expect("an answer");
        quiet.wait().await;
    };

    let mut reset = Times::of("reset");
    for _ in repeat(3.0) {
        let before = runtime.stats();
        call(&one).await;
        let after = runtime.stats();
        assert_eq!(after.resets - before.resets, 1, "resets");
        reset.add(after.reset_time - before.reset_time);
    }
    reset.record();

    let mut apply = Times::of("program.apply");
    for turn in repeat(3.0) {
        let before = runtime.stats();
        call(if turn % 2 == 0 { &other } else { &one }).await;
        let after = runtime.stats();
        assert_eq!(after.loads - before.loads, 1, "changes of program");
        apply.add(after.load_time - before.load_time);
    }
    apply.record();
}
