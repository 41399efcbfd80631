//! What functions and their calls cost in a running process.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use benches::{ADD, Ladder, Quiet, Times, add, cpu_time, repeat, runtime, sum, timed};
use python_runtime::{
    Function, Isolation, PoolConfig, Program, PythonRuntime, PythonSource, ResetPolicy,
};
use serde_json::{Value, json};

fn main() {
    let mut ladder = Ladder::default();
    let runtime = runtime(PoolConfig::default());
    ladder.rung("function.new", 3.0, async || {
        let function = add(&runtime).await;
        call(&function, &sum()).await
    });
    shared(&mut ladder, &runtime);
    per_call(&mut ladder, &runtime);
    files(&mut ladder, &runtime);
    for (name, count) in [
        ("functions.1", 1),
        ("functions.10", 10),
        ("functions.100", 100),
        ("functions.1000", 1_000),
        ("functions.10000", 10_000),
    ] {
        ladder.tokio.block_on(one_of_many(name, count));
    }
}

async fn call(function: &Function, input: &Value) -> Value {
    function.call(input).await.expect("an answer")
}

fn shared(ladder: &mut Ladder, runtime: &PythonRuntime) {
    let many = "def many(n, ctx):\n    for _ in range(n):\n        ctx.hostcall('same', 1)\n";
    let gather = "import asyncio\n\nasync def gather(n, ctx):\n    \
                  await asyncio.gather(*(ctx.hostcall('wait', 20) for _ in range(n)))\n";
    let program = runtime.program().isolation(Isolation::Shared);
    let program = program
        .function("add", PythonSource::def("add", ADD))
        .function("many", PythonSource::def("many", many))
        .function("gather", PythonSource::def("gather", gather))
        .function("echo", PythonSource::lambda("lambda x: x"));
    let program = ladder.tokio.block_on(program.build()).expect("a program");
    let function = |name| Program::function(&program, name).expect("a function");

    let (add, input) = (function("add"), sum());
    ladder.rung("call.shared", 4.0, async || call(&add, &input).await);
    let echo = function("echo");
    for (name, bytes, seconds) in [
        ("call.shared.100b", 100, 2.0),
        ("call.shared.10kb", 10_000, 2.0),
        ("call.shared.1mb", 1_000_000, 4.0),
    ] {
        // As JSON, with the quotation marks.
        let input: Arc<str> = json!("a".repeat(bytes - 2)).to_string().into();
        ladder.rung(name, seconds, async || {
            echo.call_raw(input.clone()).await.expect("an answer")
        });
    }

    let many = function("many");
    ladder.tokio.block_on(async {
        let mut hostcall = Times::of("hostcall");
        for _ in repeat(3.0) {
            let none = timed(async || call(&many, &json!(0)).await).await;
            let hundred = timed(async || call(&many, &json!(100)).await).await;
            hostcall.add(hundred.saturating_sub(none) / 100);
        }
        hostcall.record();
    });
    let gather = function("gather");
    ladder.rung("hostcall.batch_100", 2.0, async || {
        call(&gather, &json!(100)).await
    });
}

/// Writes a file and reads it again.
fn files(ladder: &mut Ladder, runtime: &PythonRuntime) {
    let source = "def file(size):\n    \
                  with open('file', 'wb') as file:\n        file.write(bytes(size))\n    \
                  with open('file', 'rb') as file:\n        return len(file.read())\n";
    let function = runtime.function(PythonSource::def("file", source));
    let function = ladder.tokio.block_on(function).expect("a function");
    for (name, size) in [("file.100b", 100), ("file.1mb", 1_000_000)] {
        let size = json!(size);
        ladder.rung(name, 2.0, async || call(&function, &size).await);
    }
}

fn per_call(ladder: &mut Ladder, runtime: &PythonRuntime) {
    let input = sum();
    let function = ladder.tokio.block_on(add(runtime));
    ladder.tokio.block_on(async {
        let quiet = Quiet::of(runtime).await;
        let mut wait = Times::of("call.per_call.wait");
        for _ in repeat(4.0) {
            wait.add(timed(async || call(&function, &input).await).await);
            quiet.wait().await;
        }
        wait.record();
    });
    ladder.rung("call.per_call.back_to_back", 3.0, async || {
        call(&function, &input).await
    });
    ladder.tokio.block_on(async {
        let quiet = Quiet::of(runtime).await;
        let mut cpu = Times::of("call.per_call.cpu");
        const CALLS: u32 = 100;
        for _ in repeat(3.0) {
            let before = cpu_time();
            for _ in 0..CALLS {
                call(&function, &input).await;
            }
            // Not spinning: that would be processor time too.
            tokio::time::sleep(Duration::from_millis(2)).await;
            cpu.add((cpu_time() - before) / CALLS);
            quiet.wait().await;
        }
        cpu.record();
    });

    let grows = PythonSource::lambda("lambda x: len(bytearray(16 << 20))");
    let grows = ladder.tokio.block_on(runtime.function(grows));
    let grows = grows.expect("a function");
    ladder.rung("call.grows", 3.0, async || call(&grows, &input).await);

    let fresh = benches::runtime(PoolConfig::default().reset(ResetPolicy::Never));
    let function = ladder.tokio.block_on(add(&fresh));
    ladder.rung("call.fresh_instance", 3.0, async || {
        call(&function, &input).await
    });
}

/// Calls of any of `count` functions, when nothing else goes on.
async fn one_of_many(name: &'static str, count: u64) {
    let runtime = runtime(PoolConfig::default());
    let mut functions = Vec::new();
    for number in 0..count {
        let source = format!("def add(x):\n    return {{'sum': x['a'] + x['b'] + {number}}}\n");
        let function = runtime.function(PythonSource::def("add", source)).await;
        functions.push(function.expect("a function"));
    }
    let quiet = Quiet::of(&runtime).await;
    let mut times = Times::of(name);
    let mut random: u64 = 1;
    let input = sum();
    for _ in repeat(3.0) {
        // Knuth's linear congruence, whose upper bits are good.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) % count;
        let function = functions.get(at as usize).expect("a function");
        times.add(timed(async || call(function, &input).await).await);
        quiet.wait().await;
    }
    times.record();
}
