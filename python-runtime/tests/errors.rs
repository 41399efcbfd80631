//! Exceptions as data, and as Python prints them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use python_runtime::{Error, Frame, HostcallContext, HostcallError, PythonError, PythonRuntime};
use python_runtime::{Function, PythonSource, Tracebacks};
use serde_json::{Value, json};

static RUNTIME: LazyLock<PythonRuntime> = LazyLock::new(|| {
    let fail = async |_: HostcallContext, _: Value| {
        Err::<Value, _>(HostcallError::new("missing", "no such order").with_cause(json!({"id": 7})))
    };
    PythonRuntime::builder()
        .hostcall("fail", fail)
        .build()
        .unwrap()
});

async fn run() -> Function {
    let source = "\
def run(how, ctx):
    exec(compile(how, '<how>', 'exec'), {'ctx': ctx})
";
    RUNTIME
        .function(PythonSource::def("run", source))
        .await
        .unwrap()
}

async fn error(how: &str) -> PythonError {
    let error = run().await.call::<_, Value>(how).await.unwrap_err();
    PythonError::of(&error).unwrap_or_else(|| panic!("{how}: {error}"))
}

#[tokio::test]
async fn an_error_has_its_notes_frames_and_what_it_came_from() {
    let source = "
def parse(text):
    try:
        return int(text)
    except ValueError as error:
        wrapped = LookupError(text)
        wrapped.add_note('while reading the price')
        raise wrapped from error

def f(text):
    return parse(text)
";
    let f = RUNTIME
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    let error = f.call::<_, Value>("x").await.unwrap_err();
    let error = PythonError::of(&error).unwrap();
    assert_eq!(
        (error.ty.as_str(), error.message.as_str()),
        ("LookupError", "x")
    );
    assert_eq!(error.notes, ["while reading the price"]);
    let frames: Vec<_> = error
        .frames
        .iter()
        .map(|frame| {
            (
                frame.file.as_deref().unwrap(),
                frame.line.unwrap(),
                frame.function.as_deref().unwrap(),
                frame.text.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        frames,
        [
            ("<f>", 11, "f", "return parse(text)"),
            ("<f>", 8, "parse", "raise wrapped from error"),
        ]
    );
    let cause = error.cause.as_deref().unwrap();
    assert_eq!(cause.ty, "ValueError");
    assert_eq!(cause.frames[0].line, Some(4));
    assert!(error.context.is_none());
    let expected = "Traceback (most recent call last):
  File \"<f>\", line 4, in parse
    return int(text)
ValueError: invalid literal for int() with base 10: 'x'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"<f>\", line 11, in f
    return parse(text)
  File \"<f>\", line 8, in parse
    raise wrapped from error
LookupError: x
while reading the price";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn errors_of_all_kinds_are_told() {
    for (how, ty, message) in [
        ("raise SystemExit(3)", "SystemExit", "3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise GeneratorExit", "GeneratorExit", ""),
        ("class E(BaseException): pass\nraise E('x')", "E", "x"),
        (
            "class S(str):\n  def __str__(self): 1/0\nclass E(Exception): pass\nE.__qualname__ = S('E')\nraise E('x')",
            "E",
            // Python itself can't print it.
            "",
        ),
        (
            "class E(Exception):\n  def __str__(self): 1/0\nraise E",
            "E",
            "<message not available>",
        ),
        ("assert 1 == 2, 'no'", "AssertionError", "no"),
        ("raise StopIteration('\\ud800')", "StopIteration", "\\ud800"),
    ] {
        let error = error(how).await;
        assert_eq!(
            (error.ty.as_str(), error.message.as_str()),
            (ty, message),
            "{how}"
        );
    }
}

#[tokio::test]
async fn groups_contexts_and_hostcalls_keep_what_is_inside() {
    let group = error(
        "raise ExceptionGroup('two', [ValueError(1), ExceptionGroup('one', [KeyError('k')])])",
    )
    .await;
    assert_eq!(group.message, "two (2 sub-exceptions)");
    let inner: Vec<_> = group.exceptions.iter().map(|one| one.ty.as_str()).collect();
    assert_eq!(inner, ["ValueError", "ExceptionGroup"]);
    assert_eq!(group.exceptions[1].exceptions[0].message, "'k'");

    let during = error("try:\n  1/0\nexcept ZeroDivisionError:\n  {}['k']").await;
    assert_eq!(during.context.as_deref().unwrap().ty, "ZeroDivisionError");
    assert!(during.cause.is_none());

    // What would be too deep, or too large a number, for who reads it.
    for cause in ["eval('[' * 100 + ']' * 100)", "10 ** 400"] {
        let told = error(&format!("raise ctx.HostcallError('a', 'b', {cause})")).await;
        assert_eq!(told.hostcall, Some(HostcallError::new("a", "b")), "{cause}");
    }

    let hostcall = error("ctx.hostcall('fail')").await;
    let said = HostcallError::new("missing", "no such order").with_cause(json!({"id": 7}));
    assert_eq!(hostcall.hostcall, Some(said));
}

#[tokio::test]
async fn what_is_too_long_is_cut() {
    let deep = error(
        "\
import sys
sys.setrecursionlimit(300)
def f(n):
  return f(n + 1)
globals()['f'] = f
f(0)",
    )
    .await;
    assert_eq!(deep.ty, "RecursionError");
    assert_eq!(deep.frames.len(), 50);
    assert!(deep.omitted > 100, "{}", deep.omitted);
    let long = error("raise ValueError('x' * 1_000_000)").await;
    assert!(long.message.len() < 70_000);
    assert!(
        long.message.contains("[... 934464 characters ...]"),
        "{}",
        &long.message[32_000..34_000]
    );
    let chain = error(
        "e = None\nfor i in range(100):\n  n = ValueError(i)\n  n.__cause__ = e\n  e = n\nraise e",
    )
    .await;
    let mut length = 0;
    let mut at = chain.cause.as_deref();
    while let Some(error) = at {
        length += 1;
        at = error.cause.as_deref();
    }
    assert_eq!(length, 8);
}

#[tokio::test]
async fn what_is_forged_while_a_function_loads_has_a_limit_too() {
    let source = r#"
from wit_wire_guest import app
said = '{"op": "f", "type": "T", "message": "", "frames": [' + '{},' * COUNT + '{}]}'
app.failure = lambda error, op: said
raise ValueError
"#;
    for (count, is_read) in [(1_000, true), (100_000, false)] {
        let source = source.replace("COUNT", &count.to_string());
        let loaded = RUNTIME.function(PythonSource::def("f", source)).await;
        let is_python = matches!(loaded, Err(Error::Python { .. }));
        assert!(loaded.is_err() && is_python == is_read, "{count}");
    }
}

#[tokio::test]
async fn a_syntax_error_has_its_place() {
    let refused = RUNTIME
        .function(PythonSource::def("f", "def f(x):\n    return x +\n"))
        .await;
    let Err(Error::Python { error, .. }) = refused else {
        panic!("it was taken");
    };
    let place = error.frames.last().unwrap();
    assert_eq!(
        (place.file.as_deref(), place.line, place.text.as_deref()),
        (Some("<f>"), Some(2), Some("return x +"))
    );
    // One that user code made up, with nothing in the right place.
    let odd = self::error("raise SyntaxError('x', ('f', 'no', -5, 7))").await;
    assert_eq!(odd.ty, "SyntaxError");
    assert_eq!(odd.frames.last().unwrap().line, None);
}

#[tokio::test]
async fn tracebacks_have_the_guests_own_frames_on_demand() {
    let all = PythonRuntime::builder()
        .tracebacks(Tracebacks::All)
        .build()
        .unwrap();
    let source = "\
import json

def f(x: int):
    return json.loads(x)
";
    for (runtime, is_full) in [(&*RUNTIME, false), (&all, true)] {
        let program = runtime
            .program()
            .function("f", PythonSource::def("f", source));
        let f = program.build().await.unwrap().function("f").unwrap();
        let of = async |input: Value| {
            let error = f.call::<_, Value>(&input).await.unwrap_err();
            PythonError::of(&error).unwrap()
        };
        for error in [of(json!(1)).await, of(json!("text")).await] {
            let is_glue = |frame: &Frame| {
                let file = frame.file.as_deref();
                file.is_some_and(|file| file.contains("wit_wire_guest"))
            };
            assert_eq!(error.frames.iter().any(is_glue), is_full, "{error}");
            assert_eq!(
                error.traceback.contains("wit_wire_guest"),
                is_full,
                "{error}"
            );
        }
        let broken = PythonSource::def("f", "import nothing\n");
        let error = runtime.function(broken).await.err().unwrap();
        let Error::Python { error, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(
            error.traceback.contains("wit_wire_guest"),
            is_full,
            "{error}"
        );
    }
}
