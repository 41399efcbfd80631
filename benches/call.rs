//! What a Python function costs, from a cold process to a warm call.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros make public items; a bench fails by panicking"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use python_runtime::{HostcallContext, HostcallError, Isolation, PythonRuntime, PythonSource};
use serde_json::{Value, json};

const ADD: &str = "def add(x):\n    return {'sum': x['a'] + x['b']}\n";

fn ladder(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    let build = || {
        let same = async |_: HostcallContext, payload: Value| Ok::<_, HostcallError>(payload);
        PythonRuntime::builder()
            .hostcall("same", same)
            .build()
            .expect("`cargo xtask bench` builds the guest first")
    };
    criterion.bench_function("load.cached", |bench| bench.iter(build));

    let runtime = build();
    let input = json!({"a": 1, "b": 2});
    criterion.bench_function("function.new", |bench| {
        bench.to_async(&tokio).iter(async || {
            let function = runtime
                .function(PythonSource::def("add", ADD))
                .await
                .expect("a function");
            function.call::<_, Value>(&input).await.expect("an answer")
        });
    });

    let clean = tokio
        .block_on(runtime.function(PythonSource::def("add", ADD)))
        .expect("a function");
    criterion.bench_function("call.per_call.wait", |bench| {
        bench
            .to_async(&tokio)
            .iter(async || clean.call::<_, Value>(&input).await.expect("an answer"));
    });

    let many = "def many(n, ctx):\n    for _ in range(n):\n        ctx.hostcall('same', 1)\n";
    let program = runtime.program().isolation(Isolation::Shared);
    let program = program
        .function("add", PythonSource::def("add", ADD))
        .function("many", PythonSource::def("many", many));
    let program = tokio.block_on(program.build()).expect("a program");
    let add = program.function("add").expect("a function");
    criterion.bench_function("call.shared", |bench| {
        bench
            .to_async(&tokio)
            .iter(async || add.call::<_, Value>(&input).await.expect("an answer"));
    });
    let many = program.function("many").expect("a function");
    criterion.bench_function("call.shared with 100 hostcalls", |bench| {
        bench
            .to_async(&tokio)
            .iter(async || many.call::<_, Value>(&100).await.expect("an answer"));
    });
}

criterion_group!(benches, ladder);
criterion_main!(benches);
