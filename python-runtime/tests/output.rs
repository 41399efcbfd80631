//! What a function prints: by stream, in order, capped, on the receipt.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use python_runtime::{Function, Limits, Output, PythonRuntime, PythonSource, Stream};
use serde_json::Value;

static RUNTIME: LazyLock<PythonRuntime> =
    LazyLock::new(|| PythonRuntime::builder().build().unwrap());

async fn say(source: &str) -> Function {
    let source = format!(
        "import logging, os, sys, warnings\n\nprint('loading')\n\ndef say(x):\n    {}\n",
        source.replace('\n', "\n    ")
    );
    let function = RUNTIME.function(PythonSource::def("say", source)).await;
    function.unwrap()
}

async fn output(source: &str) -> Output {
    let say = say(source).await;
    say.call::<_, Value>(&0).with_receipt().await.1.output
}

#[tokio::test]
async fn output_is_kept_by_stream_and_in_order() {
    let output = output(
        "print('one')
print('two', file=sys.stderr)
os.write(1, b'three\\n')
logging.warning('four')
warnings.warn('five')
sys.stdout.buffer.write(b'\\xff\\n')
print('six \u{17e}', end='')",
    )
    .await;
    let pieces: Vec<_> = output
        .pieces()
        .map(|(stream, bytes)| (stream, String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let expected = [
        (Stream::Stdout, "one\n"),
        (Stream::Stderr, "two\n"),
        (Stream::Stdout, "three\n"),
        (
            Stream::Stderr,
            "WARNING:root:four\n<say>:10: UserWarning: five\n  warnings.warn('five')\n",
        ),
        (Stream::Stdout, "\u{fffd}\nsix \u{17e}"),
    ];
    let expected = expected.map(|(stream, text)| (stream, text.to_owned()));
    assert_eq!(pieces, expected);
    assert_eq!(
        output.bytes(Stream::Stdout),
        b"one\nthree\n\xff\nsix \xc5\xbe"
    );
    assert_eq!(output.text(Stream::Stdout), "one\nthree\n\u{fffd}\nsix ž");
}

#[tokio::test]
async fn too_much_output_is_cut_with_a_mark_and_is_no_error() {
    let say = say("print('0123456789')\nprint('oops', file=sys.stderr)").await;
    let limits = Limits::default().log(8);
    let (result, receipt) = say.call::<_, Value>(&0).limits(limits).with_receipt().await;
    result.unwrap();
    let output = receipt.output;
    assert_eq!(output.text(Stream::Stdout), "01234567");
    assert_eq!(output.text(Stream::Stderr), "oops\n");
    assert_eq!(output.dropped(Stream::Stdout), 3);
    assert_eq!(output.dropped(Stream::Stderr), 0);
    assert_eq!(output.to_string(), "01234567oops\n[3 more bytes]");
}

#[tokio::test]
async fn what_is_printed_at_once_is_all_there_or_counted() {
    let say = say("print('é' * x)\nsys.stderr.write('end')").await;
    let limits = Limits::default().log(1 << 20);
    let output = say.call::<_, Value>(&200_000).limits(limits);
    let output = output.with_receipt().await.1.output;
    assert_eq!(output.text(Stream::Stdout), "é".repeat(200_000) + "\n");
    assert_eq!(output.text(Stream::Stderr), "end");

    let output = say.call::<_, Value>(&200_000).with_receipt().await.1.output;
    let kept = output.bytes(Stream::Stdout).len() as u64;
    assert_eq!(kept, Limits::default().log as u64);
    assert_eq!(output.dropped(Stream::Stdout), 400_001 - kept);
}

#[tokio::test]
async fn what_is_printed_while_loading_is_the_programs_and_no_calls() {
    let say = say("print('called')").await;
    let printed = &say.program().receipt().output;
    assert_eq!(printed.to_string(), "loading\n");
    let receipt = say.call::<_, Value>(&0).with_receipt().await.1;
    assert_eq!(receipt.output.to_string(), "called\n");
}
