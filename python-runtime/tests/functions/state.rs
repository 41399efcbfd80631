//! What calls and programs share, and what they do not.

use std::sync::Arc;

use python_runtime::{Isolation, PythonSource, SourceTree};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{RUNTIME, def, lambda};

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
    let source = r"
seen = []

def count(x):
    seen.append(x)
    return len(seen)
";
    let source = PythonSource::def("count", source);
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
    let draw = def(r"
import random, secrets, uuid

def draw(_):
    return [random.random(), secrets.token_hex(), str(uuid.uuid4())]
")
    .await;
    let first: Vec<Value> = draw.call(&0).await.unwrap();
    let second: Vec<Value> = draw.call(&0).await.unwrap();
    for (a, b) in first.iter().zip(&second) {
        assert_ne!(a, b);
    }
}

const CART: &str = r"
from . import store
from .. import rate
import shared.tools as tools

def add(price):
    store.prices.append(price * rate)
    return tools.total(store.prices)
";

const REPORT: &str = r"
from shop.orders.store import prices

def count(_):
    return len(prices)
";

#[tokio::test]
async fn modules_of_a_folder_are_shared_within_a_program_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for (path, source) in [
        ("shop/__init__.py", "rate = 2"),
        ("shop/orders/__init__.py", ""),
        ("shop/orders/cart.py", CART),
        ("shop/orders/store.py", "prices = []"),
        ("shop/report.py", REPORT),
        ("shared/tools.py", "total = sum"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, source).unwrap();
    }
    let tree = Arc::new(SourceTree::new().folder(folder.path()).unwrap());
    let of_tree = |target| PythonSource::from_tree(tree.clone(), target).unwrap();
    let program = || async {
        let program = RUNTIME
            .program()
            .isolation(Isolation::Shared)
            .function("add", of_tree("shop.orders.cart:add"))
            .function("count", of_tree("shop.report:count"))
            .build()
            .await
            .unwrap();
        let [add, count] = ["add", "count"].map(|name| program.function(name).unwrap());
        (add, count)
    };
    let (add, count) = program().await;
    assert_eq!(add.call::<_, i32>(&1).await.unwrap(), 2);
    assert_eq!(add.call::<_, i32>(&2).await.unwrap(), 6);
    assert_eq!(count.call::<_, i32>(&0).await.unwrap(), 2);
    let (_, other) = program().await;
    assert_eq!(other.call::<_, i32>(&0).await.unwrap(), 0);

    let one = PythonSource::from_path(folder.path(), "shop.orders.cart:add").unwrap();
    let one = RUNTIME.function(one).await.unwrap();
    assert_eq!(one.call::<_, i32>(&5).await.unwrap(), 10);
}
