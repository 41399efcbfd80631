//! Cells that run one after the other, each in what the ones before it left.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use python_runtime::{
    CallError, CallEvent, CellOutcome, Error, HostModule, HostcallContext, HostcallError, Limit,
    Limits, PoolConfig, PythonError, PythonRuntime, PythonRuntimeBuilder, PythonSession,
    PythonSource, ResetPolicy, Snapshot, Stream,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

fn pool(instances: usize) -> PythonRuntimeBuilder {
    let pool = PoolConfig::default().instances(instances).verify(true);
    PythonRuntime::builder().pool(pool)
}

/// A session that is data, and one that keeps an interpreter.
async fn both_ways() -> [PythonSession; 2] {
    let kept = PoolConfig::default().instances(1).reset(ResetPolicy::Never);
    let kept = PythonRuntime::builder().pool(kept);
    [session(pool(1)).await, session(kept).await]
}

async fn session(builder: PythonRuntimeBuilder) -> PythonSession {
    builder.build().unwrap().session().await.unwrap()
}

async fn cell(session: &PythonSession, source: &str) -> CellOutcome {
    let outcome = session.run(source).await;
    outcome.unwrap_or_else(|error| panic!("{source}: {}", explain(&error)))
}

async fn value(session: &PythonSession, source: &str) -> Value {
    let outcome = cell(session, source).await;
    outcome
        .value
        .unwrap_or_else(|| panic!("{source}: no value"))
}

async fn failure(session: &PythonSession, source: &str) -> PythonError {
    let error = session.run(source).await.unwrap_err();
    PythonError::of(&error).unwrap_or_else(|| panic!("{source}: {error}"))
}

fn limit(result: Result<CellOutcome, CallError>) -> Limit {
    match result {
        Err(CallError::Limit { exceeded, .. }) => exceeded.limit,
        other => panic!("{other:?}"),
    }
}

fn explain(error: &CallError) -> String {
    PythonError::of(error).map_or_else(|| error.to_string(), |error| error.to_string())
}

#[tokio::test]
async fn a_cell_finds_what_earlier_ones_left_and_ends_with_a_value() {
    for session in both_ways().await {
        for (n, (source, repr, value)) in (1..).zip([
            ("x = [1, 2.5]", None, None),
            ("x", Some("[1, 2.5]"), Some(json!([1, 2.5]))),
            (
                "x.append('é'); x",
                Some("[1, 2.5, 'é']"),
                Some(json!([1, 2.5, "é"])),
            ),
            ("None", None, None),
            ("_", Some("[1, 2.5, 'é']"), Some(json!([1, 2.5, "é"]))),
            ("(1, True)", Some("(1, True)"), None),
            ("2**64", Some("18446744073709551616"), None),
            ("def f(n):\n    return n * 2\n", None, None),
            ("f(21)", Some("42"), Some(json!(42))),
            (
                "import inspect\ninspect.getsource(f)",
                Some(r"'def f(n):\n    return n * 2\n'"),
                Some(json!("def f(n):\n    return n * 2\n")),
            ),
        ]) {
            let outcome = cell(&session, source).await;
            let shown = (outcome.repr.as_deref(), outcome.value);
            assert_eq!((outcome.number, shown), (n, (repr, value)), "{source}");
        }
    }
}

#[tokio::test]
async fn an_exception_keeps_what_the_cell_did_before_it() {
    for session in both_ways().await {
        cell(&session, "def f(x):\n    return 1 / x").await;
        let error = failure(&session, "seen = 'this'\nf(0)").await;
        let places: Vec<_> = error
            .frames
            .iter()
            .map(|frame| (frame.file.as_deref().unwrap(), frame.line.unwrap()))
            .collect();
        assert_eq!(error.ty, "ZeroDivisionError");
        assert_eq!(places, [("<cell 2>", 2), ("<cell 1>", 2)]);
        assert!(
            error
                .traceback
                .starts_with("Traceback (most recent call last):\n  File \"<cell 2>\""),
            "{error}"
        );
        assert_eq!(failure(&session, "x = = 1").await.ty, "SyntaxError");
        assert_eq!(
            failure(&session, "import sys; sys.exit(1)").await.ty,
            "SystemExit"
        );
        let seen = cell(&session, "seen").await;
        assert_eq!((seen.number, seen.value), (5, Some(json!("this"))));
    }
}

#[tokio::test]
async fn a_cell_that_does_not_come_back_leaves_no_trace() {
    let runtime = pool(1)
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .build()
        .unwrap();
    let session = runtime.session().await.unwrap();
    cell(&session, "x = ['kept']").await;
    let size = session.size().unwrap();

    let limits = Limits::default().memory(64 << 20);
    let error = session
        .run("x.append('lost')\ny = ' ' * 100_000_000")
        .limits(limits)
        .await;
    assert_eq!(limit(error), Limit::Memory);
    let limits = Limits::default().cpu_time(std::time::Duration::from_millis(200));
    let error = session
        .run("x.append('lost')\nwhile True: pass")
        .limits(limits)
        .await;
    assert_eq!(limit(error), Limit::CpuTime);
    // A state that is too large.
    let limits = Limits::default().state(1 << 20);
    let error = session
        .run("x.append(' ' * 5_000_000)")
        .limits(limits)
        .await;
    assert_eq!(limit(error), Limit::State);
    // A stack that overflows in C.
    let source = "x.append('lost')\nt = ()\nfor _ in range(3_000_000): t = (t,)\nhash(t)";
    let error = session.run(source).await.unwrap_err();
    assert!(matches!(error, CallError::Trap { .. }), "{error}");

    for hostcall in [
        "ctx.hostcall('never', 0)",
        "await ctx.hostcall_async('never', 0)",
    ] {
        let source = format!("x.append('lost')\nprint('there')\n{hostcall}");
        let mut events = session.run(&source).stream();
        let first = events.next().await;
        assert!(matches!(first, Some(CallEvent::Output(..))), "{first:?}");
        drop(events);
    }

    let kept = cell(&session, "x").await;
    assert_eq!((kept.number, kept.value), (2, Some(json!(["kept"]))));
    assert!(session.size().unwrap().bytes < size.bytes + (1 << 20));
    runtime.shut_down().await;
}

#[tokio::test]
async fn where_the_session_is_an_interpreter_such_a_cell_ends_it() {
    let [_, session] = both_ways().await;
    cell(&session, "x = 1").await;
    assert_eq!(session.size(), None);
    assert!(matches!(session.fork(), Err(CallError::NoReset { .. })));
    assert!(matches!(session.snapshot().await, Err(Error::Program(_))));
    assert_eq!(value(&session, "x").await, 1);
    let limits = Limits::default().cpu_time(std::time::Duration::from_millis(200));
    let error = session.run("while True: pass").limits(limits).await;
    error.unwrap_err();
    assert_eq!(failure(&session, "x").await.ty, "NameError");
}

#[tokio::test]
async fn waiting_cells_leave_the_interpreter_to_others() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let (tell, wait) = (asked.clone(), answer.clone());
    let runtime = pool(1).hostcall("ask", move |_: HostcallContext, n: u64| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.acquire().await.unwrap().forget();
            Ok::<_, HostcallError>(n * 2)
        }
    });
    let runtime = runtime.build().unwrap();
    let (one, other) = (
        runtime.session().await.unwrap(),
        runtime.session().await.unwrap(),
    );
    cell(&one, "import asyncio\nnumbers = [1, 2]").await;
    let source = "
answers = await asyncio.gather(*(ctx.hostcall_async('ask', n) for n in numbers))
answers += numbers
answers";
    let waiting = one.run(source).with_receipt();
    let meanwhile = async {
        asked.notified().await;
        // On the one interpreter that there is.
        let n = value(&other, "x = 5\nx").await;
        answer.add_permits(2);
        n
    };
    let ((outcome, receipt), n) = tokio::join!(waiting, meanwhile);
    assert_eq!(n, 5);
    assert_eq!(outcome.unwrap().value, Some(json!([2, 4, 1, 2])));
    assert!(receipt.parks >= 1, "{receipt:?}");
    assert_eq!(value(&one, "answers").await, json!([2, 4, 1, 2]));
    assert_eq!(failure(&other, "answers").await.ty, "NameError");
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_fork_goes_on_from_the_same_state_and_draws_other_numbers() {
    let session = session(pool(2)).await;
    cell(&session, "import random\nx = [1]\nrandom.random()").await;
    let fork = session.fork().unwrap();
    assert_eq!(fork.size(), session.size());
    let drawn = "[random.random() for _ in range(4)]";
    assert_ne!(value(&session, drawn).await, value(&fork, drawn).await);
    cell(&fork, "x.append(2)").await;
    let [left, right] = [cell(&session, "x").await, cell(&fork, "x").await];
    assert_eq!((left.number, left.value), (3, Some(json!([1]))));
    assert_eq!((right.number, right.value), (4, Some(json!([1, 2]))));
    // Not those of a cell that has a seed.
    let [one, other] = [session.fork().unwrap(), session.fork().unwrap()];
    let one = one.run(drawn).seed(7).await.unwrap();
    let other = other.run(drawn).seed(7).await.unwrap();
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_reset_session_is_a_new_one() {
    for session in both_ways().await {
        cell(&session, "x = 1").await;
        session.reset().await;
        assert_eq!(failure(&session, "x").await.ty, "NameError");
        assert_eq!(cell(&session, "x = 2\nx").await.number, 2);
    }
}

#[tokio::test]
async fn a_snapshot_goes_on_elsewhere() {
    let before = session(pool(1)).await;
    cell(
        &before,
        "def f(x):\n    return x + len(kept)\nkept = [0] * 100_000",
    )
    .await;
    let bytes = before.snapshot().await.unwrap().into_bytes();
    cell(&before, "kept.clear()").await;

    let runtime = pool(1).build().unwrap();
    let snapshot = Snapshot::from_bytes(bytes).unwrap();
    let after = runtime.restore_session(&snapshot).await.unwrap();
    let outcome = cell(&after, "f(1)").await;
    assert_eq!((outcome.number, outcome.value), (2, Some(json!(100_001))));
    assert_eq!(failure(&after, "f('')").await.frames[1].line, Some(2));
    cell(&after, "kept = None").await;
    after.reset().await;
    assert_eq!(value(&after, "f(2)").await, 100_002);
    // As often as one likes.
    cell(&after, "kept.append(0)").await;
    let again = after.snapshot().await.unwrap();
    let again = runtime.restore_session(&again).await.unwrap();
    assert_eq!(value(&again, "f(0)").await, 100_001);

    let functions = runtime
        .program()
        .function("cells", PythonSource::lambda("lambda x: x"));
    let functions = functions.build().await.unwrap().snapshot().await.unwrap();
    match runtime.restore_session(&functions).await {
        Err(Error::NoSession { functions }) => assert_eq!(functions, ["cells"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_grows_and_goes_on() {
    for session in both_ways().await {
        cell(&session, "many = [0]\nmany *= 5_000_000\nmany[-1] = 7").await;
        let shown = cell(&session, "many[-1] += 1; many").await;
        assert_eq!(shown.value, None);
        let repr = shown.repr.unwrap();
        assert!(
            repr.starts_with("[0, 0") && repr.ends_with("[... 14990000 more characters]"),
            "{}",
            &repr[repr.len() - 100..]
        );
        assert_eq!(
            value(&session, "[len(many), many[-1]]").await,
            json!([5_000_000, 8])
        );
        cell(&session, "del many\n'smaller'").await;
        assert_eq!(value(&session, "1 + 1").await, 2);
    }
}

#[tokio::test]
async fn what_is_too_much_for_a_value_is_shown_all_the_same() {
    let session = session(pool(1)).await;
    cell(
        &session,
        "def deep(n):\n    value = []\n    for _ in range(n - 1):\n        value = [value]\n    return value",
    )
    .await;
    for (source, is_value, end) in [
        ("deep(120)", true, "]]"),
        ("deep(121)", false, "]]"),
        ("deep(2_000)", false, "]]"),
        ("deep(2_001)", false, "<list of more than 2000 levels>"),
        ("deep(100_000)", false, "<list of more than 2000 levels>"),
        ("[1] * 249_899", true, " more characters]"),
        ("[1] * 249_900", false, " more characters]"),
        ("'x' * ((8 << 20) - 2)", true, " more characters]"),
        ("'\\0' * (2 << 20)", false, " more characters]"),
    ] {
        let outcome = cell(&session, source).await;
        assert_eq!(outcome.value.is_some(), is_value, "{source}");
        let repr = outcome.repr.unwrap();
        assert!(
            repr.ends_with(end),
            "{source}: {}",
            &repr[repr.len().saturating_sub(50)..]
        );
    }
}

#[tokio::test]
async fn packages_and_host_modules_are_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("shapes.py"),
        "def area(a, b):\n    return a * b\n",
    )
    .unwrap();
    let double = async |_: HostcallContext, n: u64| Ok::<_, HostcallError>(n * 2);
    let module = HostModule::new("numbers").function("double", "Doubles.", double);
    let runtime = pool(1)
        .packages(folder.path())
        .host_module(module)
        .build()
        .unwrap();
    let session = runtime.session().await.unwrap();
    cell(
        &session,
        "from shapes import area\nfrom host import numbers",
    )
    .await;
    let source = "import inspect\n[area(2, 3), numbers.double(4), inspect.getsource(area)]";
    let expected = json!([6, 8, "def area(a, b):\n    return a * b\n"]);
    assert_eq!(value(&session, source).await, expected);
}

#[tokio::test]
async fn what_a_cell_prints_comes_as_it_is_printed_and_then_its_value() {
    let session = session(pool(1)).await;
    let source = "\
import sys
print('one')
print('two é', file=sys.stderr)
sys.stdout.buffer.write('€'.encode()[:2])
sys.stdout.flush()
print('three', file=sys.stderr)
sys.stdout.buffer.write('€'.encode()[2:] + b'\\xff')
_ = sys.stdout.flush()
4";
    let mut events = session.run(source).stream();
    let (mut said, mut end) = (Vec::<(_, String)>::new(), None);
    while let Some(event) = events.next().await {
        assert!(end.is_none());
        match event {
            // `print` writes the end of a line by itself.
            CallEvent::Output(stream, text) => match said.last_mut() {
                Some((last, said)) if *last == stream => *said += &text,
                _ => said.push((stream, text)),
            },
            CallEvent::Ended { result, receipt } => end = Some((result.unwrap(), receipt)),
            other => panic!("{other:?}"),
        }
    }
    let (outcome, receipt) = end.unwrap();
    assert_eq!(outcome.value, Some(json!(4)));
    let expected = [
        (Stream::Stdout, "one\n"),
        (Stream::Stderr, "two é\nthree\n"),
        (Stream::Stdout, "€\u{fffd}"),
    ];
    assert_eq!(
        said,
        expected.map(|(stream, text)| (stream, text.to_owned()))
    );
    assert!(events.next().await.is_none());
    assert_eq!(receipt.output.text(Stream::Stdout), "one\n€\u{fffd}");

    let mut events = session.run("print('before', end='')\n1 / 0").stream();
    let first = events.next().await;
    assert!(
        matches!(&first, Some(CallEvent::Output(_, text)) if text == "before"),
        "{first:?}"
    );
    match events.next().await {
        Some(CallEvent::Ended { result, .. }) => {
            let error = PythonError::of(&result.unwrap_err()).unwrap();
            assert_eq!(error.ty, "ZeroDivisionError");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_tells_of_a_cell_that_still_runs() {
    let answer = Arc::new(Notify::new());
    let wait = answer.clone();
    let runtime = pool(1).hostcall("ask", move |_: HostcallContext, _: Value| {
        let wait = wait.clone();
        async move {
            wait.notified().await;
            Ok::<_, HostcallError>(1)
        }
    });
    let session = session(runtime).await;
    let mut events = session
        .run("print('first', end='')\nctx.hostcall('ask', 0)")
        .stream();
    let first = events.next().await;
    assert!(
        matches!(&first, Some(CallEvent::Output(_, text)) if text == "first"),
        "{first:?}"
    );
    answer.notify_one();
    let last = events.next().await;
    assert!(
        matches!(&last, Some(CallEvent::Ended { result: Ok(outcome), .. }) if outcome.value == Some(json!(1)))
    );
}

#[tokio::test]
async fn thousands_of_idle_sessions_take_what_they_say() {
    let runtime = pool(2).build().unwrap();
    let first = runtime.session().await.unwrap();
    assert_eq!(first.size().unwrap().bytes, 0);
    cell(&first, "x = 1").await;
    let size = first.size().unwrap();
    assert!(size.bytes < 100_000, "{size:?}");
    let mut sessions = Vec::new();
    for n in 0..2_000 {
        let session = first.fork().unwrap();
        // Some go on by themselves.
        if n % 20 == 0 {
            cell(&session, &format!("x = {n}")).await;
        }
        sessions.push(session);
    }
    for (n, session) in sessions.iter().enumerate().step_by(19) {
        let expected = if n % 20 == 0 { n } else { 1 };
        assert!(session.size().unwrap().bytes < 100_000);
        assert_eq!(value(session, "x").await, expected);
    }
    assert!(runtime.stats().live <= 3, "{:?}", runtime.stats());
}
