//! How fast plain Python computes: small programs in the sandbox, and in the system's CPython.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use benches::{python_process, repeat, runtime, system_python, value};
use python_runtime::{PoolConfig, PythonSource};
use serde_json::Value;

const PROGRAMS: &str = include_str!("compute/programs.py");

const NAMES: [&str; 12] = [
    "fib",
    "nbody",
    "jsons",
    "regex",
    "strings",
    "dicts",
    "objects",
    "sorting",
    "generators",
    "bigint",
    "primes",
    "mandel",
];

/// Seconds of the best run so far, in the sandbox and without it.
#[derive(Clone, Copy)]
struct Best {
    sandboxed: f64,
    native: f64,
}

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    let mut native = Native::start();
    let mut all = BTreeMap::new();
    let mut turns = 0;
    tokio.block_on(async {
        let runtime = runtime(PoolConfig::default());
        let function = runtime.function(PythonSource::def("best", PROGRAMS)).await;
        let function = function.expect("a function");
        // In turns, so that what else the machine does concerns both.
        for _ in repeat(12.0) {
            turns += 1;
            for name in NAMES {
                let answer: (f64, Value) = function.call(&name).await.expect("an answer");
                let (sandboxed, result) = answer;
                let (natively, expected) = native.best(name);
                assert_eq!(result, expected, "{name}");
                let best = all.entry(name).or_insert(Best {
                    sandboxed: f64::INFINITY,
                    native: f64::INFINITY,
                });
                best.sandboxed = best.sandboxed.min(sandboxed);
                best.native = best.native.min(natively);
            }
        }
    });
    for (name, best) in &all {
        value(
            &format!("compute.{name}"),
            "us",
            best.sandboxed * 1e6,
            turns,
        );
    }
    for (name, best) in &all {
        let name = format!("compute.native.{name}");
        value(&name, "us", best.native * 1e6, turns);
    }
    let ratios = all.values().map(|best| (best.sandboxed / best.native).ln());
    let mean = ratios.sum::<f64>() / all.len() as f64;
    value("compute.geomean", "x", mean.exp(), all.len());
}

/// A process of the system's CPython that has the same programs.
struct Native {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    process: Child,
}

impl Native {
    fn start() -> Self {
        let lines = "import sys\nfor line in sys.stdin:\n    print(json.dumps(best(line.strip())), flush=True)";
        let source = format!("{PROGRAMS}\n{lines}");
        let mut process = python_process(&system_python(), &source)
            .spawn()
            .expect("a process");
        Self {
            stdin: process.stdin.take().expect("a pipe"),
            stdout: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        }
    }

    fn best(&mut self, name: &str) -> (f64, Value) {
        writeln!(self.stdin, "{name}").expect("a name");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        self.process.kill().expect("a process that runs");
        self.process.wait().expect("an end");
    }
}
