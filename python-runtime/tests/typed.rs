//! Annotations, calls by keywords, schemas, and what can be a function.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::LazyLock;

use python_runtime::{Error, Function, PythonError, PythonRuntime, PythonSource};
use serde_json::{Value, json};

static RUNTIME: LazyLock<PythonRuntime> =
    LazyLock::new(|| PythonRuntime::builder().build().unwrap());

const SHOP: &str = r#"
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal, NotRequired, TypedDict

class Kind(Enum):
    BOOK = "book"
    FOOD = "food"

@dataclass
class Item:
    """A thing that is sold."""
    price: float
    kind: Kind = Kind.FOOD
    tags: list[str] = field(default_factory=list)

class Order(TypedDict):
    items: list[Item]
    day: date
    note: NotRequired[str]
    currency: Literal["EUR", "USD"]

@dataclass
class Bill:
    total: float
    kinds: dict[str, int]
    day: date | None

def bill(order: Order) -> Bill:
    """Adds up an order."""
    kinds = {}
    for item in order["items"]:
        kinds[item.kind.value] = kinds.get(item.kind.value, 0) + 1
    return Bill(sum(item.price for item in order["items"]), kinds, order["day"])

def add(a: int, b: int = 2, *, ctx) -> int:
    return a + b

def wrong(n: int) -> list[str]:
    return ["fine", n]
"#;

async fn shop(function: &str) -> Function {
    let source = PythonSource::def(function, SHOP);
    RUNTIME.function(source).await.unwrap()
}

async fn error(function: &Function, input: Value) -> PythonError {
    let error = function.call::<_, Value>(&input).await.unwrap_err();
    PythonError::of(&error).unwrap_or_else(|| panic!("{error}"))
}

#[tokio::test]
async fn annotations_convert_input_and_result() {
    let bill = shop("bill").await;
    let order = json!({
        "items": [{"price": 2, "kind": "book"}, {"price": 0.5, "tags": ["x"]}],
        "day": "2026-05-04",
        "currency": "EUR",
    });
    assert_eq!(
        bill.call::<_, Value>(&order).await.unwrap(),
        json!({"total": 2.5, "kinds": {"book": 1, "food": 1}, "day": "2026-05-04"})
    );
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_an_error_with_its_path() {
    let bill = shop("bill").await;
    let order = |items: Value| json!({"items": items, "day": "2026-05-04", "currency": "EUR"});
    let misfit = order(json!([{"price": 1}, {"price": "2"}]));
    for (input, path) in [
        (json!(1), "$"),
        (misfit, "$.items[1].price"),
        (order(json!([{}])), "$.items[0].price"),
    ] {
        let error = error(&bill, input).await;
        assert!(error.is_input_error(), "{error}");
        assert_eq!(error.path.as_deref(), Some(path));
        let prefix = format!("{path}: ");
        assert!(error.message.starts_with(&prefix), "{error}");
    }
    let error = error(&shop("wrong").await, json!(1)).await;
    assert!(!error.is_input_error());
    assert_eq!(
        (error.ty.as_str(), error.path.as_deref()),
        ("ResultError", Some("$[1]"))
    );
}

#[tokio::test]
async fn a_function_is_called_by_keywords_if_that_is_asked_for() {
    let source = PythonSource::def("add", SHOP).by_keywords();
    let add = RUNTIME.function(source).await.unwrap();
    assert_eq!(add.call::<_, i64>(&json!({"a": 1})).await.unwrap(), 3);
    assert_eq!(
        add.call::<_, i64>(&json!({"b": 5, "a": 1})).await.unwrap(),
        6
    );
    for (input, path) in [
        (json!({"a": 1, "c": 2}), "$.c"),
        (json!({"b": 1}), "$.a"),
        (json!({"a": 1.5}), "$.a"),
        (json!([1]), "$"),
    ] {
        let error = error(&add, input).await;
        assert_eq!(error.path.as_deref(), Some(path), "{error}");
    }
    let refused = RUNTIME.function(PythonSource::def("add", SHOP)).await;
    let Err(Error::Python { op, error }) = refused else {
        panic!("it was accepted")
    };
    assert_eq!((op.as_str(), error.ty.as_str()), ("add", "TypeError"));
}

#[tokio::test]
async fn a_functions_schema_can_be_read() {
    let schema = shop("bill").await.schema().await.unwrap().unwrap();
    assert_eq!(schema["description"], "Adds up an order.");
    let (input, output) = (&schema["input"], &schema["output"]);
    let order = &input["$defs"]["Order"];
    assert_eq!(input["$ref"], "#/$defs/Order");
    assert_eq!(order["required"], json!(["items", "day", "currency"]));
    assert_eq!(
        order["properties"]["currency"]["enum"],
        json!(["EUR", "USD"])
    );
    assert_eq!(
        input["$defs"]["Item"]["description"],
        "A thing that is sold."
    );
    assert_eq!(
        output["$defs"]["Bill"]["properties"]["total"]["type"],
        "number"
    );

    let source = PythonSource::def("add", SHOP).by_keywords();
    let add = RUNTIME.function(source).await.unwrap();
    let schema = add.schema().await.unwrap().unwrap();
    assert_eq!(schema["output"], json!({"type": "integer"}));
    assert_eq!(
        schema["input"],
        json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 2}},
            "required": ["a"],
            "additionalProperties": false,
        })
    );
    let any = RUNTIME
        .function(PythonSource::lambda("lambda x: x"))
        .await
        .unwrap();
    let schema = any.schema().await.unwrap().unwrap();
    assert_eq!(schema, json!({"input": {}, "output": {}}));
}

#[tokio::test]
async fn whatever_can_be_called_is_a_function() {
    let source = "
import functools

class Tool:
    factor = 3
    def run(self, x):
        return x * self.factor
    @classmethod
    def made(cls, x):
        return cls().run(x)
    @staticmethod
    def same(x):
        return x
    def __call__(self, x):
        return self.run(x)
    class Inner:
        @staticmethod
        def deep(x):
            return x - 1

tool = Tool()
twice = functools.partial(lambda factor, x: factor * x, 2)

@functools.cache
def cached(x):
    return x
";
    for (target, expected) in [
        ("tool", 21),
        ("tool.run", 21),
        ("Tool.made", 21),
        ("Tool.same", 7),
        ("Tool.Inner.deep", 6),
        ("twice", 14),
        ("cached", 7),
    ] {
        let function = RUNTIME.function(PythonSource::def(target, source)).await;
        let answer = function.unwrap().call::<_, i64>(&7).await.unwrap();
        assert_eq!(answer, expected, "{target}");
    }
}

#[tokio::test]
async fn members_of_a_union_are_told_apart_by_their_literals() {
    let source = "
from dataclasses import dataclass
from typing import Literal

@dataclass
class Neg:
    op: Literal['neg']
    arg: 'Neg | Not | int'

@dataclass
class Not:
    op: Literal['not']
    arg: 'Neg | Not | int'

@dataclass
class Car:
    make: str

def depth(tree: Neg | Not | Car) -> int:
    n = 0
    while not isinstance(tree, int):
        tree, n = getattr(tree, 'arg', 0), n + 1
    return n
";
    let depth = RUNTIME
        .function(PythonSource::def("depth", source))
        .await
        .unwrap();
    // With the literal behind what it tells apart.
    let tree = (0..60).fold(json!(1), |tree, _| json!({"arg": tree, "op": "not"}));
    assert_eq!(depth.call::<_, u64>(&tree).await.unwrap(), 60);
    assert_eq!(
        depth
            .call::<_, u64>(&json!({"make": "Ford"}))
            .await
            .unwrap(),
        1
    );
    let surrogate = "def f(x) -> dict[str, int]:\n    return {'\\ud800': 'a'}\n";
    let function = RUNTIME
        .function(PythonSource::def("f", surrogate))
        .await
        .unwrap();
    assert_eq!(error(&function, Value::Null).await.ty, "ResultError");
}
