//! Python functions as a Rust program sees them, in the embedded guest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use python_runtime::{
    CallError, Error, Function, HostcallContext, HostcallError, Isolation, Limit, Limits,
    PoolConfig, PythonError, PythonRuntime, PythonSource, SourceTree,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;

static RUNTIME: LazyLock<PythonRuntime> =
    LazyLock::new(|| PythonRuntime::builder().build().unwrap());

async fn def(source: &str) -> Function {
    let name = source
        .rsplit_once("def ")
        .and_then(|(_, rest)| rest.split_once('('))
        .unwrap()
        .0;
    RUNTIME
        .function(PythonSource::def(name, source))
        .await
        .unwrap()
}

async fn lambda(source: &str) -> Function {
    RUNTIME
        .function(PythonSource::lambda(source))
        .await
        .unwrap()
}

async fn python_error(function: &Function, input: &Value) -> PythonError {
    let error = function.call::<_, Value>(input).await.unwrap_err();
    PythonError::of(&error).unwrap_or_else(|| panic!("{error}"))
}

/// Out of 100 ms of wall time. In which phase is the machine's affair: a busy one is slow to build an instance.
fn out_of_time(error: &CallError) -> bool {
    let CallError::Limit { exceeded, .. } = error else {
        return false;
    };
    (exceeded.limit, exceeded.allowed) == (Limit::WallTime, 100)
}

/// What reads the program's name, such as `argparse`, finds one.
#[tokio::test]
async fn a_command_line_has_no_words_but_the_programs_name() {
    let source = "import argparse, sys\nargparse.ArgumentParser()\ndef f(x): return [sys.argv, vars(argparse.ArgumentParser().parse_args())]";
    let (argv, parsed): (Vec<String>, Value) = def(source).await.call(&()).await.unwrap();
    assert_eq!((argv, parsed), (vec![String::new()], json!({})));
}

#[tokio::test]
async fn typed_values_go_in_and_out() {
    #[derive(Serialize)]
    struct Order {
        prices: Vec<f64>,
        customer: Option<&'static str>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Bill {
        total: f64,
        customer: String,
    }
    let bill = def("def bill(order):\n    return {'total': sum(order['prices']), 'customer': order['customer'] or 'Ada'}\n").await;
    let answer: Bill = bill
        .call(&Order {
            prices: vec![1.5, 2.25],
            customer: None,
        })
        .await
        .unwrap();
    assert_eq!(
        answer,
        Bill {
            total: 3.75,
            customer: "Ada".into()
        }
    );
    assert_eq!(
        bill.call_raw(r#"{"prices": [], "customer": "Bob"}"#)
            .await
            .unwrap(),
        r#"{"total":0,"customer":"Bob"}"#
    );
}

#[test]
fn blocking_code_needs_no_runtime() {
    let function = RUNTIME
        .function_blocking(PythonSource::lambda("lambda x: x + 1"))
        .unwrap();
    assert_eq!(function.call::<_, i64>(&1).blocking().unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_at_once_each_get_their_own_answer() {
    let function = lambda("lambda x: {'value': x, 'squared': x * x}").await;
    let mut calls = JoinSet::new();
    for i in 0..100_i64 {
        let function = function.clone();
        calls.spawn(async move { (i, function.call::<_, Value>(&i).await.unwrap()) });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.len(), 100);
    for (i, answer) in answers {
        assert_eq!(answer, json!({"value": i, "squared": i * i}));
    }
}

#[tokio::test]
async fn each_call_sees_clean_state_unless_state_is_shared() {
    let source = PythonSource::def(
        "count",
        "seen = []\n\ndef count(x):\n    seen.append(x)\n    return len(seen)\n",
    );
    let clean = RUNTIME.function(source.clone()).await.unwrap();
    let shared = RUNTIME
        .program()
        .function("count", source)
        .isolation(Isolation::Shared)
        .build()
        .await
        .unwrap();
    let shared = shared.function("count").unwrap();
    for i in 1..=3 {
        assert_eq!(clean.call::<_, i32>(&0).await.unwrap(), 1);
        assert_eq!(shared.call::<_, i32>(&0).await.unwrap(), i);
    }
}

#[tokio::test]
async fn randomness_is_fresh_in_every_call() {
    let draw = def("import random, secrets, uuid\n\ndef draw(_):\n    return [random.random(), secrets.token_hex(), str(uuid.uuid4())]\n").await;
    let first: Vec<Value> = draw.call(&0).await.unwrap();
    let second: Vec<Value> = draw.call(&0).await.unwrap();
    for (a, b) in first.iter().zip(&second) {
        assert_ne!(a, b);
    }
}

#[tokio::test]
async fn modules_of_a_folder_are_shared_within_a_program_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("shop/__init__.py", "rate = 2\n"),
        ("shop/orders/__init__.py", ""),
        (
            "shop/orders/cart.py",
            "from . import store\nfrom .. import rate\nimport shared.tools as tools\n\ndef add(price):\n    store.prices.append(price * rate)\n    return tools.total(store.prices)\n",
        ),
        ("shop/orders/store.py", "prices = []\n"),
        (
            "shop/report.py",
            "from shop.orders.store import prices\n\ndef count(_):\n    return len(prices)\n",
        ),
        ("shared/tools.py", "total = sum\n"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Arc::new(SourceTree::new().folder(folder.path()).unwrap());
    let program = || async {
        let program = RUNTIME.program().isolation(Isolation::Shared);
        let program = program.function(
            "add",
            PythonSource::from_tree(tree.clone(), "shop.orders.cart:add").unwrap(),
        );
        let program = program.function(
            "count",
            PythonSource::from_tree(tree.clone(), "shop.report:count").unwrap(),
        );
        let program = program.build().await.unwrap();
        (
            program.function("add").unwrap(),
            program.function("count").unwrap(),
        )
    };
    let (add, count) = program().await;
    assert_eq!(add.call::<_, i32>(&1).await.unwrap(), 2);
    assert_eq!(add.call::<_, i32>(&2).await.unwrap(), 6);
    assert_eq!(count.call::<_, i32>(&0).await.unwrap(), 2);
    let (_, other) = program().await;
    assert_eq!(other.call::<_, i32>(&0).await.unwrap(), 0);

    let one = PythonSource::from_path(folder.path(), "shop.orders.cart:add").unwrap();
    assert_eq!(
        RUNTIME
            .function(one)
            .await
            .unwrap()
            .call::<_, i32>(&5)
            .await
            .unwrap(),
        10
    );
}

#[tokio::test]
async fn errors_at_registration_show_file_line_and_caret() {
    let tree = SourceTree::new()
        .file("app/main.py", "import app.helper\n")
        .unwrap();
    let tree = tree
        .file("app/helper.py", "def f(x):\n    return x +\n")
        .unwrap();
    let error = RUNTIME
        .function(PythonSource::from_tree(tree, "app.main:f").unwrap())
        .await
        .err()
        .unwrap();
    let Error::Python { op, error } = &error else {
        panic!("{error}")
    };
    assert_eq!((op.as_str(), error.ty.as_str()), ("f", "SyntaxError"));
    let expected = "Traceback (most recent call last):
  File \"app/main.py\", line 1, in <module>
    import app.helper
  File \"app/helper.py\", line 2
    return x +
              ^
SyntaxError: invalid syntax";
    assert_eq!(error.to_string(), expected);

    let error = RUNTIME
        .function(PythonSource::def("g", "def f(x):\n    return x\n"))
        .await
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("no function 'g' in g; it has f"),
        "{error}"
    );
}

#[tokio::test]
async fn the_second_parameter_is_the_context_and_not_a_value() {
    for (source, said) in [
        (
            "def f(a, b, c): return a",
            "this one takes (a, b, c): call it by keywords",
        ),
        (
            "def f(a: int, b: int): return a",
            "the second parameter takes the context, but this one (b: int) is annotated as a value",
        ),
        (
            "def f(a, *, b: 'dict[str, int]'): return a",
            "this one takes (",
        ),
        (
            "def f(a, b: list[int]): return a",
            "(b: list[int]) is annotated as a value",
        ),
    ] {
        let function = RUNTIME.function(PythonSource::def("f", source)).await;
        let error = function.err().unwrap().to_string();
        assert!(error.contains(said), "{error}");
    }
    for context in ["ctx", "ctx: object", "ctx: 'Context'", "ctx: typing.Any"] {
        let source = format!("import typing\n\ndef f(a, {context}): return ctx is not None");
        assert!(def(&source).await.call::<_, bool>(&1).await.unwrap());
    }
}

#[tokio::test]
async fn a_python_error_is_data_in_the_users_terms() {
    let fail =
        def("def look_up(x):\n    return {}[x]\n\ndef fail(x):\n    return look_up(x)\n").await;
    let error = python_error(&fail, &json!("key")).await;
    assert_eq!(
        (error.ty.as_str(), error.message.as_str()),
        ("KeyError", "'key'")
    );
    let expected = "Traceback (most recent call last):
  File \"<fail>\", line 5, in fail
    return look_up(x)
  File \"<fail>\", line 2, in look_up
    return {}[x]
           ~~^^^
KeyError: 'key'";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn endless_recursion_is_a_recursion_error_and_the_next_call_works() {
    let recurse = def("def recurse(x):\n    return recurse(x) if x else 'done'\n").await;
    assert_eq!(python_error(&recurse, &json!(1)).await.ty, "RecursionError");
    assert_eq!(recurse.call::<_, String>(&0).await.unwrap(), "done");
}

/// CPython for WASI does not count the native stack that its C code uses, so that this may end in a trap. It must not
/// end the process.
#[tokio::test]
async fn deep_native_recursion_is_an_answer_or_an_error() {
    let nest = "def nest(n):\n    value = []\n    for _ in range(n):\n        value = [value]\n    return value\n\n";
    for step in [
        "json.dumps(nest(n))",
        "json.loads('[' * n + ']' * n)",
        "repr(nest(n))",
        "pickle.dumps(nest(n))",
        "copy.deepcopy(nest(n))",
        "nest(n) == nest(n)",
        "ast.parse('(' * n + ')' * n)",
        "re.compile('(' * n + ')' * n)",
        "eval('-' * n + '1')",
    ] {
        let source = format!(
            "import ast, copy, json, pickle, re\n\n{nest}def f(n):\n    {step}\n    return n\n"
        );
        let function = def(&source).await;
        assert_eq!(function.call::<_, i64>(&20).await.unwrap(), 20, "{step}");
        for depth in [1_000, 30_000, 300_000] {
            match function.call::<_, i64>(&depth).await {
                Ok(answer) => assert_eq!(answer, depth),
                Err(CallError::Trap { reason, .. }) => {
                    assert_eq!(
                        reason,
                        "wasm trap: call stack exhausted (by recursion, or by values that are nested too deep)",
                        "{step}"
                    )
                }
                Err(CallError::Limit { .. }) => {}
                Err(error) => {
                    let python =
                        PythonError::of(&error).unwrap_or_else(|| panic!("{step}: {error}"));
                    assert!(
                        ["RecursionError", "MemoryError", "SyntaxError"].contains(&&*python.ty),
                        "{step}: {python}"
                    );
                }
            }
        }
        assert_eq!(function.call::<_, i64>(&20).await.unwrap(), 20, "{step}");
    }
}

#[tokio::test]
async fn input_that_is_no_json_is_told_apart() {
    let same = lambda("lambda x: x").await;
    for input in [
        "",
        "{",
        "nope",
        "NaN",
        "[Infinity]",
        "\"\\ud800\"",
        "1 2",
        "\u{feff}1",
    ] {
        let error = same.call_raw(input).await.unwrap_err();
        assert!(
            matches!(error, CallError::InvalidInput { .. }),
            "{input}: {error}"
        );
    }
    let deep = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    let error = same.call_raw(deep).await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::InvalidInput { .. } | CallError::Trap { .. }
        ),
        "{error}"
    );
    // serde has no NaN in JSON: it becomes null on the way in, as serde_json defines.
    assert_eq!(same.call::<_, Value>(&f64::NAN).await.unwrap(), Value::Null);
    assert_eq!(
        same.call_raw("9007199254740993").await.unwrap(),
        "9007199254740993"
    );
}

#[tokio::test]
async fn large_values_pass_and_too_large_ones_are_limited() {
    let same = lambda("lambda x: x").await;
    let large = format!("\"{}\"", "ž".repeat(8 << 20));
    assert_eq!(same.call_raw(large.as_str()).await.unwrap(), large);
    let error = same.call_raw(" ".repeat((32 << 20) + 1)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Limit { exceeded, .. } if exceeded.limit == Limit::Input),
        "{error}"
    );
    let grow = lambda("lambda n: 'x' * n").await;
    let error = grow.call::<_, Value>(&(33 << 20)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Limit { exceeded, .. } if exceeded.limit == Limit::Output),
        "{error}"
    );
}

#[tokio::test]
async fn results_that_json_cant_hold_are_errors() {
    for (source, ty) in [
        ("lambda x: {1, 2}", "TypeError"),
        ("lambda x: float('nan')", "ValueError"),
        ("lambda x: chr(0xdfff)", "UnicodeEncodeError"),
        ("lambda x: object()", "TypeError"),
    ] {
        assert_eq!(
            python_error(&lambda(source).await, &Value::Null).await.ty,
            ty,
            "{source}"
        );
    }
}

#[tokio::test]
async fn misbehaviour_is_limited_and_the_next_call_works() {
    let limits = Limits {
        cpu_time: Duration::from_millis(200),
        memory: 64 << 20,
        ..Limits::default()
    };
    let runtime = PythonRuntime::builder().limits(limits).build().unwrap();
    let source = "import os, time\n\ndef f(how):\n    exec(how)\n    return 'fine'\n";
    let function = runtime
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    let cases = [
        (
            "while True: pass",
            "handle of op `f`: limit of 200 ms on CPU time reached",
        ),
        (
            "sum(range(10**12))",
            "handle of op `f`: limit of 200 ms on CPU time reached",
        ),
        ("bytearray(10**9)", "on memory reached"),
        (
            "l = []\nwhile True: l.append('x' * 10**6)",
            "on memory reached",
        ),
        (
            "os._exit(3)",
            "handle of op `f`: the guest exited with status 1",
        ),
        (
            "os.abort()",
            "handle of op `f`: the guest crashed: wasm trap: wasm `unreachable` instruction executed (it aborted; its stderr may say why)",
        ),
    ];
    for (how, expected) in cases {
        let error = function
            .call::<_, Value>(&how)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{how}: {error}");
        assert_eq!(function.call::<_, String>(&"").await.unwrap(), "fine");
    }
    let short = Limits {
        wall_time: Duration::from_millis(100),
        ..limits
    };
    let error = function
        .call::<_, Value>(&"time.sleep(60)")
        .limits(short)
        .await
        .unwrap_err();
    assert!(out_of_time(&error), "{error}");

    let error = runtime
        .function(PythonSource::def("f", "while True: pass\n"))
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "init: limit of 200 ms on CPU time reached"
    );
}

#[tokio::test]
async fn a_function_makes_hostcalls_and_gets_answers_and_errors() {
    struct Tenant(&'static str);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let runtime = PythonRuntime::builder()
        .hostcall("add", move |_: HostcallContext, (a, b): (i64, i64)| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, HostcallError>(a + b) }
        })
        .hostcall("gql", async |context: HostcallContext, body: Value| {
            let tenant = context.value::<Tenant>().map(|tenant| tenant.0);
            Ok::<_, HostcallError>(
                json!({"data": {"tenant": tenant, "query": body["query"], "op": context.op()}}),
            )
        })
        .hostcall("fail", async |_: HostcallContext, _: Value| {
            Err::<Value, _>(HostcallError::new("denied", "not you").cause(json!("why")))
        })
        .hostcall("panic", async |_: HostcallContext, input: Value| {
            assert_eq!(input, "never this");
            Ok::<_, HostcallError>(input)
        })
        .hostcall("hang", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .build()
        .unwrap();
    let function = async |source: &str| {
        runtime
            .function(PythonSource::lambda(source))
            .await
            .unwrap()
    };

    let many = function("lambda n, ctx: sum(ctx.hostcall('add', [i, 1]) for i in range(n))").await;
    let (sum, receipt) = many.call::<_, i64>(&100).with_receipt().await;
    assert_eq!(
        (
            sum.unwrap(),
            receipt.hostcalls,
            calls.load(Ordering::Relaxed)
        ),
        (5050, 100, 100)
    );

    let gql = function("lambda q, ctx: ctx.gql(q)['data']").await;
    let answer: Value = gql.call(&"{user}").context(Tenant("acme")).await.unwrap();
    assert_eq!(
        answer,
        json!({"tenant": "acme", "query": "{user}", "op": "lambda"})
    );

    let call = function("lambda op, ctx: ctx.hostcall(op, 1)").await;
    for (op, message) in [
        ("fail", "denied: not you"),
        ("none", "op_404: the host has no op `none`"),
        ("panic", "op_500: the host's op `panic` panicked"),
        ("add", "op_400: the payload of `add` does not fit"),
    ] {
        let error = python_error(&call, &json!(op)).await;
        assert_eq!(error.ty, "HostcallError");
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    let short = Limits {
        wall_time: Duration::from_millis(100),
        ..Limits::default()
    };
    let error = call
        .call::<_, Value>(&"hang")
        .limits(short)
        .await
        .unwrap_err();
    assert!(out_of_time(&error), "{error}");
    let few = Limits {
        hostcalls: 10,
        ..Limits::default()
    };
    let error = many
        .call::<_, i64>(&11)
        .limits(few)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "handle of op `lambda`: limit of 10 on hostcalls reached: 11 wanted"
    );
}

#[tokio::test]
async fn the_sandbox_has_no_files_environment_network_processes_or_input() {
    let attempt = def("
import os, socket, subprocess, sys, threading

def attempt(what):
    return eval(what)
")
    .await;
    for what in [
        "open('/etc/passwd').read()",
        "open('/tmp/x', 'w')",
        "os.listdir('/')",
        "os.listdir('.')",
        "socket.create_connection(('127.0.0.1', 80), 1)",
        "socket.getaddrinfo('localhost', 80)",
        "subprocess.run(['ls'])",
        "threading.Thread(target=print).start()",
    ] {
        let error = python_error(&attempt, &json!(what)).await;
        let expected = [
            "FileNotFoundError",
            "PermissionError",
            "OSError",
            "gaierror",
            "RuntimeError",
            "NotADirectoryError",
        ];
        assert!(expected.contains(&&*error.ty), "{what}: {error}");
    }
    for (what, empty) in [
        ("dict(os.environ)", json!({})),
        ("sys.stdin.read()", json!("")),
        ("sys.argv", json!([""])),
    ] {
        assert_eq!(
            attempt.call::<_, Value>(&what).await.unwrap(),
            empty,
            "{what}"
        );
    }
}

#[tokio::test]
async fn the_standard_library_can_be_imported_late() {
    let late = def("
def late(names):
    import importlib
    return [importlib.import_module(name).__name__ for name in names]
")
    .await;
    let names = json!([
        "asyncio",
        "csv",
        "email.message",
        "sqlite3",
        "tomllib",
        "unittest.mock",
        "xml.etree.ElementTree"
    ]);
    assert_eq!(late.call::<_, Value>(&names).await.unwrap(), names);
}

#[test]
fn nothing_of_the_engine_shows_in_the_api() {
    // What is no dependency can't show, but through types of a dependency that take it.
    let manifest = include_str!("../Cargo.toml");
    assert!(!manifest.contains("wasmtime"), "{manifest}");
    let exports = include_str!("../src/lib.rs");
    let names: Vec<_> = exports
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    for taking in [
        "Host",
        "HostBuilder",
        "Component",
        "Instance",
        "Loader",
        "Loaded",
    ] {
        assert!(!names.contains(&taking), "{taking}");
    }
}

#[tokio::test]
async fn a_runtime_can_be_given_its_guest_and_its_cache() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest/python.aot");
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { python_runtime::Archive::trust(std::fs::read(path).unwrap()).unwrap() };
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let runtime = PythonRuntime::builder()
        .archive(archive)
        .cache_folder(&cache)
        .pool(PoolConfig {
            instances: 1,
            ..PoolConfig::default()
        })
        .build()
        .unwrap();
    assert_eq!(runtime.cache_problem(), None);
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    let function = runtime
        .function(PythonSource::lambda("lambda x: x"))
        .await
        .unwrap();
    assert_eq!(function.call::<_, i32>(&1).await.unwrap(), 1);

    std::fs::write(folder.path().join("file"), "").unwrap();
    let runtime = PythonRuntime::builder()
        .cache_folder(folder.path().join("file/below"))
        .build()
        .unwrap();
    let problem = runtime.cache_problem().unwrap();
    assert!(problem.contains("making the cache folder"), "{problem}");
}
