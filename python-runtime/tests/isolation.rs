//! What one call can find of another: nothing, in whatever way the earlier one ended.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use python_runtime::{
    CleanedBy, Function, HostcallContext, HostcallError, Limits, PoolConfig, PythonError,
    PythonRuntime, PythonSource, ResetPolicy,
};
use serde_json::{Value, json};
use test_support::until;

/// A runtime of one interpreter, whose memory is looked at after each reset.
fn runtime(clean_state: ResetPolicy) -> PythonRuntime {
    let limits = Limits::default()
        .cpu_time(Duration::from_secs(2))
        .memory(64 << 20);
    PythonRuntime::builder()
        .limits(limits)
        .hostcall("echo", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .pool(
            PoolConfig::default()
                .instances(1)
                .reset(clean_state)
                .verify(true),
        )
        .build()
        .unwrap()
}

async fn def(runtime: &PythonRuntime, name: &str, source: &str) -> Function {
    let source = PythonSource::def(name, source);
    runtime.function(source).await.unwrap()
}

async fn settled(runtime: &PythonRuntime) {
    until("an instance is idle", || runtime.stats().idle > 0).await;
}

/// Leaves a secret wherever Python lets it.
const HIDE: &str = r#"
import builtins, collections, contextvars, copyreg, decimal, functools, gc, io, json, logging, math, os, re, sys, types
import typing, warnings, weakref

here = []

@functools.lru_cache
def cached(secret):
    return secret * 2

def hide(secret):
    text = "".join(["canary-", str(secret), "-canary"])
    here.append(text)
    cached(text)
    builtins.leak = text
    builtins.print = lambda *_: text
    sys.leak = sys.modules["leak"] = types.SimpleNamespace(text=text)
    sys.argv.append(text)
    sys.path.append(text)
    sys.stdout.leak = text
    os.environ["LEAK"] = text
    json.loads = lambda _: text
    json.leak = re.leak = math.leak = typing.leak = text
    re.compile(re.escape(text))
    decimal.getcontext().traps[decimal.Inexact] = True
    warnings.filters.insert(0, (text, None, Warning, None, 0))
    logging.getLogger(text).addHandler(logging.StreamHandler(io.StringIO(text)))
    logging.Logger.leak = text
    collections.UserDict.leak = text
    contextvars.ContextVar("leak", default=text).set(text)
    copyreg.dispatch_table[type(text)] = text
    gc.callbacks.append(lambda *_: text)
    cycle = [text]
    cycle.append(cycle)
    gc.garbage.append(cycle)
    sys.setrecursionlimit(777)
    sys.exception_hook = sys.excepthook = sys.displayhook = lambda *_: text
    sys.intern(text)
    os.write(1, text.encode())
    return len(text)
"#;

/// Looks for it.
const HUNT: &str = r#"
import builtins, gc, json, logging, os, sys

def hunt(_):
    found = []
    def look(value, place, depth=0):
        if depth > 6:
            return
        if isinstance(value, str):
            if "canary-" in value and "look(" not in value:
                found.append(f"{place}: {value!r}")
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                look(key, place, depth + 1)
                look(item, f"{place}[{key!r}]", depth + 1)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for item in list(value):
                look(item, place, depth + 1)
    gc.collect()
    for item in gc.get_objects():
        if item is not found:
            look(item, type(item).__name__, 5)
    for name, module in list(sys.modules.items()):
        look(dict(vars(module)), name)
    look(dict(os.environ), "environ")
    look(gc.garbage, "garbage")
    found += [f"gc callback {item}" for item in gc.callbacks]
    found += [name for module in (builtins, sys, json, logging.Logger) for name in vars(module) if name == "leak"]
    if sys.getrecursionlimit() == 777:
        found.append("recursion limit")
    return found
"#;

#[tokio::test]
async fn a_secret_that_one_call_hides_no_other_finds() {
    for (policy, cleaned_by) in [
        (ResetPolicy::Require, CleanedBy::Reset),
        (ResetPolicy::Never, CleanedBy::FreshInstance),
    ] {
        let runtime = runtime(policy);
        let hunt = def(&runtime, "hunt", HUNT).await;
        let hide = def(&runtime, "hide", HIDE).await;
        for secret in 0..5 {
            settled(&runtime).await;
            let length: usize = hide.call(&secret).await.unwrap();
            assert_eq!(length, 15);
            settled(&runtime).await;
            if secret % 2 == 1 {
                press_memory();
            }
            let (found, receipt) = hunt.call::<_, Vec<String>>(&0).with_receipt().await;
            assert_eq!(found.unwrap(), [""; 0]);
            assert_eq!(receipt.cleaned_by, Some(cleaned_by));
            assert_eq!(receipt.output.to_string(), "");
        }
        // The hunter can find: within one call.
        let both = format!(
            "\
{HIDE}
{HUNT}
def both(secret):
    hide(secret)
    return hunt(0)
"
        );
        let both = def(&runtime, "both", &both).await;
        let found: Vec<String> = both.call(&7).await.unwrap();
        assert!(found.len() > 10, "{found:?}");
        let stats = runtime.stats();
        assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
        assert_eq!(
            policy == ResetPolicy::Require,
            stats.resets > 9,
            "{stats:?}"
        );
    }
}

/// Has the system write out what it can of this process's memory, as when memory is short.
fn press_memory() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let range = line
            .split(' ')
            .next()
            .and_then(|range| range.split_once('-'));
        let Some((start, end)) = range else { continue };
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        let (start, end) = (number(start), number(end));
        #[allow(unsafe_code, reason = "pages are to be written out")]
        // SAFETY: the pages keep what is in them, wherever they are kept.
        let _ = unsafe { libc::madvise(start as *mut _, end - start, libc::MADV_PAGEOUT) };
    }
}

/// What calls may do to an interpreter. `state` must be what loading left, in each of them.
const BEHAVIOURS: [&str; 16] = [
    "return value",
    "return [str(n) * 7 for n in range(3000)][-1]",
    "print('x' * 5000); return 0",
    "import os; os.write(2, b'half a line'); return 0",
    "global held; held = iter(state); next(held); return 1",
    "def pause():\n        yield 1\n    keep.append(pause()); next(keep[-1]); return 2",
    "return ctx.hostcall('echo', [value] * 50)",
    "return ctx.hostcall('never', 0)",
    "while True: pass",
    "raise ValueError(value)",
    "def deep(n): return deep(n + 1)\n    return deep(0)",
    "return bytearray(100 << 20)[0]",
    "import random; return random.random() < 1",
    "import statistics, textwrap, ast; return ast.dump(ast.parse('a + 1'))",
    "import sys; sys.exit(3)",
    "data = [0]\n    for _ in range(30000): data = [data]\n    return repr(data)[:1]",
];

#[tokio::test]
async fn memory_is_what_it_was_after_programs_of_all_kinds_in_any_order() {
    let runtime = runtime(ResetPolicy::Require);
    let mut functions = Vec::new();
    for (number, body) in BEHAVIOURS.iter().enumerate() {
        let source = format!(
            "\
state = [{number}, 2, 3]
keep = []

def run(value, ctx):
    assert state == [{number}, 2, 3] and not keep, (state, keep)
    state.append(value)
    {body}
"
        );
        functions.push(def(&runtime, "run", &source).await);
    }
    // A fixed series, so that a failure can be reproduced.
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1);
        (random >> 33) as usize % below
    };
    let mut answers = 0;
    for step in 0..400 {
        let function = functions.get(next(BEHAVIOURS.len())).unwrap();
        let call = function.call::<_, Value>(&step);
        if next(8) == 0 {
            // Given up somewhere on its way.
            let mut call = pin!(call.into_future());
            for _ in 0..next(4) {
                let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                if poll.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            continue;
        }
        let limits = Limits::default()
            .wall_time(Duration::from_millis(200))
            .cpu_time(Duration::from_millis(30))
            .memory(64 << 20);
        match call.limits(limits).await {
            Ok(_) => answers += 1,
            Err(error) => {
                let python = PythonError::of(&error);
                let is_assertion = python.is_some_and(|python| python.ty == "AssertionError");
                assert!(!is_assertion, "{error}");
            }
        }
    }
    settled(&runtime).await;
    let stats = runtime.stats();
    assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
    assert!(answers > 100 && stats.resets > 100, "{answers} {stats:?}");
    assert!(stats.discarded.ended > 10, "{stats:?}");
    // Printing leaves no handles behind.
    assert_eq!(stats.discarded.handles, 0, "{stats:?}");
}

#[tokio::test]
async fn what_loading_left_is_what_each_call_sees_also_in_another_process() {
    let source = "\
import json, re
table = {n: str(n) for n in range(2000)}
pattern = re.compile('a+b')

def look(value):
    table[0] += 'x'
    return [table[0], bool(pattern.match('aab')), len(table), value]
";
    let first = runtime(ResetPolicy::Require);
    let program = first
        .program()
        .function("look", PythonSource::def("look", source));
    let program = program.build().await.unwrap();
    assert!(program.receipt().cold && program.receipt().wall_time > Duration::ZERO);
    let kept = program.snapshot().await.unwrap();
    drop((program, first));
    let second = runtime(ResetPolicy::Require);
    let program = second.restore(&kept).unwrap().build().await.unwrap();
    let look = program.function("look").unwrap();
    for value in 0..3 {
        assert_eq!(
            look.call::<_, Value>(&value).await.unwrap(),
            json!(["0x", true, 2000, value])
        );
    }
}

/// Its memory is mapped and not copied.
#[tokio::test]
async fn a_program_with_a_large_state_shares_it_and_its_calls_do_not() {
    let runtime = runtime(ResetPolicy::Require);
    let source = "\
table = [str(n) for n in range(80000)]

def look(value):
    seen = table[value]
    table[value] = 'changed'
    return [seen, len(table)]
";
    let program = || {
        runtime
            .program()
            .function("look", PythonSource::def("look", source))
    };
    let large = program().build().await.unwrap();
    let size = large.size().unwrap();
    assert!(size.bytes > 4 << 20, "{size:?}");
    let small = runtime
        .function(PythonSource::lambda("lambda x: x"))
        .await
        .unwrap();
    let kept = large.snapshot().await.unwrap();
    let restored = runtime.restore(&kept).unwrap().build().await.unwrap();
    let functions = [&large, &restored].map(|program| program.function("look").unwrap());
    for round in 0..10 {
        for function in &functions {
            for value in [0, round * 999, 59_999] {
                let seen: Value = function.call(&value).await.unwrap();
                assert_eq!(seen, json!([value.to_string(), 80_000]));
            }
        }
        assert_eq!(small.call::<_, i32>(&round).await.unwrap(), round);
    }
    settled(&runtime).await;
    let stats = runtime.stats();
    assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
    // Beyond what the allocator has ready, the memory grows, and each instance with it.
    let source = "\
block = bytearray(range(256)) * 100000

def sum_of(_):
    return sum(block[:256])
";
    let grown = || {
        runtime
            .program()
            .function("sum_of", PythonSource::def("sum_of", source))
    };
    let small_state = grown().limits(Limits::default().state(16 << 20));
    let error = small_state.build().await.unwrap_err();
    assert!(error.to_string().contains("state limit"), "{error}");
    let grown = grown().build().await.unwrap();
    assert!(grown.size().unwrap().memory > size.memory);
    for _ in 0..3 {
        let sum_of = grown.function("sum_of").unwrap();
        assert_eq!(sum_of.call::<_, i32>(&0).await.unwrap(), 32_640);
        assert_eq!(small.call::<_, i32>(&1).await.unwrap(), 1);
    }
    assert_eq!(runtime.stats().discarded.unclean, 0);
}
