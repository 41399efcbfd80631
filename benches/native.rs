//! The same function in a CPython of the system, without a sandbox.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::process::Command;
use std::time::Instant;

use benches::{ADD, Times, python_process, repeat, sum, system_python};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};

fn main() {
    let python = system_python();
    let input = sum();

    let once = format!("import json, sys\n{ADD}json.dump(add(json.load(sys.stdin)), sys.stdout)");
    let mut times = Times::of("native.process_per_call");
    for _ in repeat(5.0) {
        let mut command = python_process(&python, &once);
        let started = Instant::now();
        let mut process = command.spawn().expect("a process");
        let mut stdin = process.stdin.take().expect("a pipe");
        write!(stdin, "{input}").expect("an input");
        drop(stdin);
        let output = process.wait_with_output().expect("an end");
        let answer = serde_json::from_slice::<Value>(&output.stdout);
        times.add(started.elapsed());
        assert_eq!(answer.expect("JSON"), json!({"sum": 3}));
    }
    times.record();

    let lines = "for line in sys.stdin:\n    print(json.dumps(add(json.loads(line))), flush=True)";
    let kept = format!("import json, sys\n{ADD}{lines}");
    blocking(python_process(&python, &kept), &input);
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    tokio.block_on(not_blocking(python_process(&python, &kept), &input));
}

/// A process that is kept, by a thread that waits for it: the least it can take.
fn blocking(mut command: Command, input: &Value) {
    let mut process = command.spawn().expect("a process");
    let mut stdin = process.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(process.stdout.take().expect("a pipe"));
    let mut times = Times::of("native.process_kept");
    let mut line = String::new();
    for _ in repeat(4.0) {
        line.clear();
        let started = Instant::now();
        // One line in one write.
        let sent = stdin.write_all(format!("{input}\n").as_bytes());
        sent.expect("an input");
        stdout.read_line(&mut line).expect("an output");
        let answer = serde_json::from_str::<Value>(&line);
        times.add(started.elapsed());
        assert_eq!(answer.expect("JSON"), json!({"sum": 3}));
    }
    times.record();
    drop(stdin);
    process.wait().expect("an end");
}

/// The same as an async service does it, whose threads have other work meanwhile. Functions are
/// called in this way too.
async fn not_blocking(mut command: Command, input: &Value) {
    let mut process = command.spawn().expect("a process");
    let stdin = process.stdin.take().expect("a pipe");
    let mut stdin = Sender::from_owned_fd(stdin.into()).expect("a pipe");
    let stdout = process.stdout.take().expect("a pipe");
    let stdout = Receiver::from_owned_fd(stdout.into()).expect("a pipe");
    let mut lines = tokio::io::BufReader::new(stdout).lines();
    let mut times = Times::of("native.process_kept_async");
    for _ in repeat(4.0) {
        let started = Instant::now();
        let sent = stdin.write_all(format!("{input}\n").as_bytes()).await;
        sent.expect("an input");
        let line = lines.next_line().await.expect("an output");
        let answer = serde_json::from_str::<Value>(&line.expect("a line"));
        times.add(started.elapsed());
        assert_eq!(answer.expect("JSON"), json!({"sum": 3}));
    }
    times.record();
    drop(stdin);
    process.wait().expect("an end");
}
