//! What stays in memory: functions that nobody calls, and instances. By how much the process grows.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::Arc;

use benches::{Quiet, resident, runtime, value};
use python_runtime::{
    Function, HostcallContext, HostcallError, PoolConfig, PythonRuntime, PythonSource,
};
use serde_json::Value;
use tokio::sync::Barrier;

const INSTANCES: usize = 16;

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    tokio.block_on(functions());
    tokio.block_on(instances());
}

async fn functions() {
    // One instance, so that none that is built meanwhile is taken for functions.
    let runtime = runtime(PoolConfig::default().instances(1));
    let register = async |number: usize| -> Function {
        let source = format!("def add(x):\n    return {{'sum': x['a'] + x['b'] + {number}}}\n");
        let function = runtime.function(PythonSource::def("add", source)).await;
        function.expect("a function")
    };
    // The first one brings what all of them share.
    let mut functions = vec![register(0).await];
    let before = resident();
    for number in 1..=1_000 {
        functions.push(register(number).await);
    }
    let grown = resident() - before;
    value("memory.function_idle", "bytes", grown / 1_000.0, 1_000);
    let sizes = functions
        .iter()
        .filter_map(|function| function.program().size());
    let size = sizes.map(|size| size.bytes).sum::<usize>() / functions.len();
    value(
        "memory.function_size",
        "bytes",
        size as f64,
        functions.len(),
    );
    for number in 1_001..=10_000 {
        functions.push(register(number).await);
    }
    value("memory.10k_functions", "bytes", resident() - before, 1);
}

/// Instances that have had a call each, all at the same time.
async fn instances() {
    let all = Arc::new(Barrier::new(INSTANCES));
    let meet = move |_: HostcallContext, (): ()| {
        let all = all.clone();
        async move {
            all.wait().await;
            Ok::<_, HostcallError>(())
        }
    };
    let runtime = PythonRuntime::builder()
        .hostcall("meet", meet)
        .pool(PoolConfig::default().instances(INSTANCES))
        .build();
    let runtime = runtime.expect("a runtime");
    let source = "lambda x, ctx: ctx.hostcall('meet', None)";
    let function = runtime.function(PythonSource::lambda(source)).await;
    let function = function.expect("a function");
    let quiet = Quiet::of(&runtime).await;
    let before = resident();
    let there = runtime.stats().live;
    runtime.warm(INSTANCES).await.expect("instances");
    let new = runtime.stats().live - there;
    let mut calls = Vec::new();
    for _ in 0..INSTANCES {
        let function = function.clone();
        calls.push(tokio::spawn(async move {
            function.call::<_, Value>(&0).await.expect("an answer")
        }));
    }
    for call in calls {
        call.await.expect("a call");
    }
    quiet.wait().await;
    let grown = resident() - before;
    value("memory.instance", "bytes", grown / new as f64, new);
}
