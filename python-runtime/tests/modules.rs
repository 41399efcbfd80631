//! Modules of the user's own: packages, data files, sources that can be read.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, SystemTime};

use python_runtime::{Error, PythonError, PythonRuntime, PythonSource, SourceTree};
use serde_json::{Value, json};

#[tokio::test]
async fn modules_find_themselves_their_data_and_each_other() {
    let runtime = PythonRuntime::builder().build().unwrap();
    let main = r#"
import importlib, importlib.resources, importlib.util, inspect, io, pkgutil, sys, tarfile
from . import sibling
from .. import rate
import names.space.part

def archive():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    file.seek(0)
    return tarfile.open(fileobj=file).getnames()

def check(what):
    return eval(what)
"#;
    let files: [(&str, &[u8]); 9] = [
        ("shop/__init__.py", b"rate = 2\n"),
        ("shop/orders/__init__.py", b""),
        ("shop/orders/main.py", main.as_bytes()),
        (
            "shop/orders/sibling.py",
            b"def double(x):\n    # twice\n    return x * 2\n",
        ),
        ("shop/orders/data/rates.json", b"{\"EUR\": 1}"),
        ("shop/orders/data/raw.bin", &[0xff, 0, 1]),
        ("names/space/part.py", b"here = __name__\n"),
        ("latin.py", b"# -*- coding: latin-1 -*-\nword = 'caf\xe9'\n"),
        ("marked.py", b"\xef\xbb\xbfword = 'marked'\n"),
    ];
    let tree = files
        .into_iter()
        .fold(SourceTree::new(), |tree, (path, content)| {
            tree.file(path, content).unwrap()
        });
    let source = PythonSource::from_tree(tree, "shop.orders.main:check").unwrap();
    let check = runtime.function(source).await.unwrap();
    for (what, expected) in [
        (
            "[__name__, __file__, __package__]",
            json!(["shop.orders.main", "shop/orders/main.py", "shop.orders"]),
        ),
        (
            "[rate, sibling.double(2), names.space.part.here]",
            json!([2, 4, "names.space.part"]),
        ),
        (
            "inspect.getsource(sibling.double)",
            json!("def double(x):\n    # twice\n    return x * 2\n"),
        ),
        (
            "inspect.getsourcefile(sibling)",
            json!("shop/orders/sibling.py"),
        ),
        (
            "importlib.resources.files('shop.orders').joinpath('data', 'rates.json').read_text()",
            json!("{\"EUR\": 1}"),
        ),
        (
            "list(importlib.resources.read_binary('shop.orders', 'data/raw.bin'))",
            json!([255, 0, 1]),
        ),
        (
            "list(pkgutil.get_data('shop.orders', 'data/raw.bin'))",
            json!([255, 0, 1]),
        ),
        (
            "sorted(p.name for p in importlib.resources.files('shop.orders').iterdir())",
            json!(["__init__.py", "data", "main.py", "sibling.py"]),
        ),
        (
            "importlib.resources.files('shop') .joinpath('nothing').is_file()",
            json!(false),
        ),
        (
            "[m.name for m in pkgutil.walk_packages(sys.modules['shop'].__path__, 'shop.')]",
            json!(["shop.orders", "shop.orders.main", "shop.orders.sibling"]),
        ),
        ("importlib.import_module('latin').word", json!("café")),
        ("importlib.import_module('marked').word", json!("marked")),
        ("importlib.reload(sibling) is sibling", json!(true)),
        (
            "importlib.resources.files().joinpath('data/rates.json').exists()",
            json!(true),
        ),
        (
            "[importlib.util.find_spec(name) for name in ('tkinter', 'nothing')]",
            json!([null, null]),
        ),
        ("archive()", json!(["a"])),
    ] {
        let answer = check.call::<_, Value>(what).await;
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer, expected, "{what}");
    }
}

#[tokio::test]
async fn a_module_that_is_missing_is_an_error_with_the_reason() {
    let runtime = PythonRuntime::builder().build().unwrap();
    for (module, has_reason) in [
        ("readline", true),
        ("tkinter", true),
        ("venv", true),
        ("nothing", false),
    ] {
        let source = format!("import {module}\n\ndef f(x):\n    return x\n");
        let refused = runtime.function(PythonSource::def("f", source)).await;
        let Err(Error::Python { error, .. }) = refused else {
            panic!("there is a module {module}")
        };
        assert_eq!(error.ty, "ModuleNotFoundError", "{error}");
        assert!(error.message.contains(module), "{error}");
        assert_eq!(error.message.contains("sandbox"), has_reason, "{error}");
    }
    let attempt = "\
import multiprocessing, socket, subprocess

def f(what):
    return eval(what)
";
    let attempt = runtime
        .function(PythonSource::def("f", attempt))
        .await
        .unwrap();
    for (what, ty) in [
        ("socket.create_connection(('127.0.0.1', 80))", "OSError"),
        ("subprocess.run(['ls'])", "OSError"),
        ("multiprocessing.Process(target=print).start()", "OSError"),
    ] {
        let error = attempt.call::<_, Value>(what).await.unwrap_err();
        let error = PythonError::of(&error).unwrap();
        assert_eq!(error.ty, ty, "{error}");
        assert!(error.message.contains("sandbox"), "{error}");
    }
}

#[tokio::test]
async fn a_call_can_have_its_clock_and_its_random_numbers_fixed() {
    let runtime = PythonRuntime::builder().build().unwrap();
    let source = "
import datetime, os, random, secrets, time, uuid

def f(_):
    return [time.time(), datetime.datetime.now(datetime.UTC).isoformat(), random.random(), os.urandom(4).hex(),
            secrets.token_hex(4), str(uuid.uuid4()), random.choices(range(100), k=3)]
";
    let function = runtime
        .function(PythonSource::def("f", source))
        .await
        .unwrap();
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let fixed = async |seed| {
        function
            .call::<_, Vec<Value>>(&0)
            .clock(noon)
            .seed(seed)
            .await
            .unwrap()
    };
    let first = fixed(7).await;
    assert_eq!(first, fixed(7).await);
    assert_eq!(first[0], json!(1_700_000_000.0));
    assert_eq!(first[1], json!("2023-11-14T22:13:20+00:00"));
    let other = fixed(8).await;
    let free = function.call::<_, Vec<Value>>(&0).await.unwrap();
    for (at, value) in first.iter().enumerate() {
        assert_eq!(*value == other[at], at < 2, "{at}");
        assert_ne!(*value, free[at], "{at}");
    }
}
