//! What a function prints: by stream, in order, capped, on the receipt.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock, Mutex};

use python_runtime::{
    Function, HostcallContext, HostcallError, Limits, Output, PoolConfig, PythonRuntime,
    PythonSource, ResetPolicy, Stream,
};
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

/// What was heard of a call so far.
#[derive(Default, Clone)]
struct Heard(Arc<Mutex<Vec<(Stream, String)>>>);

impl Heard {
    fn hear(&self, stream: Stream, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.lock().unwrap().push((stream, text));
    }

    fn text(&self, stream: Stream) -> String {
        let heard = self.0.lock().unwrap();
        let own = heard.iter().filter(|(from, _)| *from == stream);
        own.map(|(_, text)| text.as_str()).collect()
    }
}

#[tokio::test]
async fn output_is_heard_while_the_call_waits() {
    let source = "import sys

print('loading')

def plain(x, ctx):
    print('one')
    print('two', file=sys.stderr)
    heard = ctx.hostcall('heard', None)
    print('more than there is room for')
    return heard

async def coroutine(x, ctx):
    print('one')
    print('two', file=sys.stderr)
    heard = await ctx.hostcall('heard', None)
    print('more than there is room for')
    return heard
";
    let policies = [ResetPolicy::Auto, ResetPolicy::Never];
    for (name, policy) in ["plain", "coroutine"]
        .into_iter()
        .flat_map(|name| policies.map(|policy| (name, policy)))
    {
        // A hostcall answers with what was heard until then.
        let runtime = PythonRuntime::builder()
            .hostcall("heard", async |context: HostcallContext, (): ()| {
                let heard = context.value::<Heard>().unwrap();
                Ok::<_, HostcallError>([Stream::Stdout, Stream::Stderr].map(|of| heard.text(of)))
            })
            .pool(PoolConfig::default().reset(policy))
            .build()
            .unwrap();
        let function = runtime.function(PythonSource::def(name, source)).await;
        let function = function.unwrap();
        let heard = Heard::default();
        let (sink, context) = (heard.clone(), heard.clone());
        let call = function
            .call::<_, [String; 2]>(&0)
            .limits(Limits::default().log(8))
            .context(context)
            .on_output(move |stream, bytes| sink.hear(stream, bytes));
        let (answer, receipt) = call.with_receipt().await;
        assert_eq!(answer.unwrap(), ["one\n", "two\n"], "{name}");

        let output = receipt.output;
        assert_eq!(output.text(Stream::Stdout), "one\nmore");
        assert_eq!(heard.text(Stream::Stdout), "one\nmore");
        assert_eq!(heard.text(Stream::Stderr), "two\n");
        // Nothing else holds the sink or the context after the call. A thread that has computed for
        // it may hold them for a moment longer.
        test_support::until(name, || Arc::strong_count(&heard.0) == 1).await;

        // Another call is not heard.
        function
            .call::<_, [String; 2]>(&0)
            .context(heard.clone())
            .await
            .unwrap();
        assert_eq!(heard.text(Stream::Stdout), "one\nmore");
    }
}

#[tokio::test]
async fn a_sink_that_panics_costs_the_call_nothing() {
    let say = say("for n in range(3):\n    print(n)").await;
    let heard = Heard::default();
    let sink = heard.clone();
    let call = say.call::<_, Value>(&0).on_output(move |stream, bytes| {
        sink.hear(stream, bytes);
        assert!(!bytes.contains(&b'1'), "a sink that panics");
    });
    let (answer, receipt) = call.with_receipt().await;
    answer.unwrap();
    assert_eq!(receipt.output.to_string(), "0\n1\n2\n");
    let heard_last = heard.text(Stream::Stdout);
    assert_eq!(heard_last.trim_end(), "0\n1");
    assert_eq!(Arc::strong_count(&heard.0), 1);
}

/// Handlers that hold records back let go of them when the call ends, also if it fails.
#[tokio::test]
async fn logs_that_are_held_back_come_out_at_the_end() {
    for ending in ["pass", "raise ValueError"] {
        let output = output(&format!(
            "from logging.handlers import MemoryHandler
log = logging.getLogger('held')
log.addHandler(MemoryHandler(100, target=logging.StreamHandler()))
log.error('order %s', x)
{ending}"
        ))
        .await;
        assert_eq!(output.text(Stream::Stderr), "order 0\n", "{ending}");
    }
}
