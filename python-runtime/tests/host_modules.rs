//! Hostcalls as Python functions, in the embedded guest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use python_runtime::{
    Error, HostModule, HostcallContext, HostcallError, ModuleDescription, NameProblem, PythonError,
    PythonRuntime, PythonSource, SourceTree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Find {
    /// The order's number.
    id: u64,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct List {
    customer: String,
    /// All, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default = "ten")]
    limit: u32,
    /// Oldest or newest first.
    order: Sorted,
}

fn ten() -> u32 {
    10
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Sorted {
    Oldest,
    Newest,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Place {
    items: Vec<Item>,
    payment: Payment,
    note: Option<String>,
}

/// How an order is paid.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Payment {
    Invoice,
    Card {
        number: String,
        #[serde(rename = "valid-until")]
        valid_until: (u16, u8),
    },
}

/// A line of an order.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Item {
    /// What is bought.
    sku: String,
    #[serde(default = "one")]
    quantity: u32,
}

fn one() -> u32 {
    1
}

/// Where an order stands.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Shipped,
}

/// An order.
#[derive(Serialize, JsonSchema)]
struct Order {
    id: u64,
    status: Status,
    items: Vec<Item>,
    /// What the customer said, word for word ("leave it at the \door").
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Orders that were sent along.
    related: Vec<Order>,
}

impl Order {
    fn new(id: u64) -> Self {
        Self {
            id,
            status: Status::Open,
            items: Vec::new(),
            note: None,
            related: Vec::new(),
        }
    }
}

fn orders() -> HostModule {
    let find = async |_: HostcallContext, Find { id }| match id {
        0 => Err(HostcallError::new("missing", "no such order").with_cause(json!({"id": id}))),
        id => Ok(Order {
            related: vec![Order::new(id + 1)],
            ..Order::new(id)
        }),
    };
    // What arrived, so that tests see it.
    let list = async |_: HostcallContext, list: List| {
        Ok(vec![Order {
            note: Some(json!(list).to_string()),
            ..Order::new(1)
        }])
    };
    let place = async |_: HostcallContext, place: Place| {
        let note = json!(place.payment).to_string();
        Ok(Order {
            items: place.items,
            note: Some(place.note.unwrap_or(note)),
            ..Order::new(1)
        })
    };
    HostModule::new("orders")
        .doc("The shop's orders.\n\nAs of today.")
        .function("find", "Finds an order by its id.", find)
        .function("list", "Lists a customer's orders.", list)
        .function("place", "Places an order.", place)
}

fn stock() -> HostModule {
    let count = async |_: HostcallContext, sku: String| Ok(sku.len());
    let counts = async |_: HostcallContext, (): ()| Ok(BTreeMap::from([("tea", 3_u64)]));
    let add = async |_: HostcallContext, (_, _): (String, i64)| Ok(());
    HostModule::new("stock")
        .function("count", "How many there are.", count)
        .function("counts", "", counts)
        .function("add", "", add)
}

static RUNTIME: LazyLock<PythonRuntime> = LazyLock::new(|| {
    let builder = PythonRuntime::builder().host_module(orders());
    builder.host_module(stock()).build().unwrap()
});

/// `body` as a function that has both modules.
async fn run(body: &str) -> Result<Value, PythonError> {
    let source = format!(
        "\
import inspect
from host import HostcallError, orders, stock

def run(_):
    {}
",
        body.replace('\n', "\n    ")
    );
    let function = RUNTIME
        .function(PythonSource::def("run", source))
        .await
        .unwrap_or_else(|error| panic!("{body}: {error}"));
    let answer = function.call(&()).await;
    answer.map_err(|error| PythonError::of(&error).unwrap_or_else(|| panic!("{body}: {error}")))
}

#[tokio::test]
async fn functions_take_what_the_host_does_and_return_what_it_answers() {
    for (body, expected) in [
        ("return orders.find(7)['id']", json!(7)),
        (
            "return orders.find(id=7)",
            json!({"id": 7, "status": "open", "items": [], "related": [
                {"id": 8, "status": "open", "items": [], "related": []},
            ]}),
        ),
        (
            "return orders.list('Ada', order='newest')[0]['note']",
            json!(r#"{"customer":"Ada","limit":10,"order":"newest"}"#),
        ),
        (
            "return orders.list('Ada', 'shipped', 5, order='oldest')[0]['note']",
            json!(r#"{"customer":"Ada","status":"shipped","limit":5,"order":"oldest"}"#),
        ),
        (
            "return orders.place([{'sku': 'tea'}, {'sku': 'cup', 'quantity': 2}], 'invoice')",
            json!({"id": 1, "status": "open", "note": "\"invoice\"", "related": [], "items": [
                {"sku": "tea", "quantity": 1}, {"sku": "cup", "quantity": 2},
            ]}),
        ),
        (
            "card = {'number': '12', 'valid-until': (2030, 1)}\nreturn orders.place(items=[], payment={'card': card})['note']",
            json!(r#"{"card":{"number":"12","valid-until":[2030,1]}}"#),
        ),
        (
            "return orders.place([], 'invoice', 'hello')['note']",
            json!("hello"),
        ),
        (
            "return orders.place([], 'invoice', None)['note']",
            json!("\"invoice\""),
        ),
        ("return stock.count('tea')", json!(3)),
        ("return stock.counts()", json!({"tea": 3})),
        ("return stock.add(('tea', 1))", json!(null)),
        ("return stock.add(payload=['tea', 1])", json!(null)),
    ] {
        assert_eq!(run(body).await.unwrap(), expected, "{body}");
    }
}

#[tokio::test]
async fn errors_of_the_host_are_exceptions_where_the_user_called() {
    let caught = "\
try:
    orders.find(0)
except HostcallError as error:
    return [error.code, error.message, error.cause]";
    let expected = json!(["missing", "no such order", {"id": 0}]);
    assert_eq!(run(caught).await.unwrap(), expected);

    let error = run("return orders.find(0)").await.unwrap_err();
    assert_eq!(error.ty, "HostcallError");
    let expected = "\
Traceback (most recent call last):
  File \"<run>\", line 5, in run
    return orders.find(0)
           ~~~~~~~~~~~^^^
ctx.HostcallError: missing: no such order
";
    assert_eq!(error.traceback, expected);

    let misfit = run("orders.find('seven')").await.unwrap_err();
    assert_eq!(misfit.hostcall.unwrap().code, "op_400");
    for (body, ty) in [
        ("orders.find()", "TypeError"),
        ("orders.find(7, colour='red')", "TypeError"),
        ("orders.list('Ada')", "TypeError"),
        ("stock.counts(1)", "TypeError"),
        ("orders.lose()", "AttributeError"),
    ] {
        let error = run(body).await.unwrap_err();
        assert_eq!(error.ty, ty, "{body}: {error}");
        assert!(!error.traceback.contains("host/"), "{body}: {error}");
    }
}

#[tokio::test]
async fn python_sees_signatures_and_docstrings() {
    for (body, expected) in [
        (
            "return orders.__doc__",
            "The shop's orders.\n\nAs of today.\n",
        ),
        ("return orders.__file__", "site-packages/host/orders.py"),
        (
            "return inspect.getdoc(orders.find)",
            "Finds an order by its id.\n\nid: The order's number.",
        ),
        (
            "return str(inspect.signature(orders.find))",
            "(id: int) -> host.orders.Order",
        ),
        (
            "return str(inspect.signature(stock.add))",
            "(payload: tuple[str, int]) -> None",
        ),
        (
            "return ', '.join(sorted(orders.Order.__optional_keys__))",
            "note",
        ),
        (
            "return orders.__loader__.get_source('host.orders')",
            include_str!("host/orders.py"),
        ),
    ] {
        assert_eq!(run(body).await.unwrap(), json!(expected), "{body}");
    }
}

#[tokio::test]
async fn the_name_host_is_the_hosts_if_it_has_modules() {
    let function = |runtime: &PythonRuntime, path: &str| {
        let tree = SourceTree::new()
            .file(path, "")
            .and_then(|tree| tree.file("app.py", "import host\n\ndef run(_):\n    return 1\n"));
        let source = PythonSource::from_tree(tree.unwrap(), "app:run").unwrap();
        let runtime = runtime.clone();
        async move { runtime.function(source).await }
    };
    for path in ["host.py", "host/__init__.py", "host/more.py"] {
        let Err(Error::Python { error, .. }) = function(&RUNTIME, path).await else {
            panic!("{path} was accepted")
        };
        assert_eq!(error.ty, "ValueError", "{error}");
        assert!(error.message.starts_with(path), "{error}");
    }
    let without = PythonRuntime::builder().build().unwrap();
    let free = function(&without, "host.py").await.unwrap();
    assert_eq!(free.call::<_, i32>(&()).await.unwrap(), 1);

    let program = RUNTIME.program();
    let first = PythonSource::lambda("lambda _: __import__('host.stock').stock.count('abc')");
    let second = PythonSource::def("again", "from host.stock import count\n\nagain = count\n");
    let program = program.function("first", first).function("again", second);
    let program = program.build().await.unwrap();
    for op in ["first", "again"] {
        let function = program.function(op).unwrap();
        assert_eq!(function.call::<_, i32>(&"abc").await.unwrap(), 3);
    }
}

#[test]
fn names_that_cant_be_are_refused() {
    let module = |name: &str| HostModule::new(name);
    let function = |module: HostModule, name: &str| {
        module.function(name, "", async |_: HostcallContext, (): ()| Ok(()))
    };
    let m = || module("m");
    use NameProblem::{Duplicate, Identifier, Reserved};
    for (modules, expected, because) in [
        (vec![module("2nd")], "2nd", Identifier),
        (vec![module("")], "", Identifier),
        (vec![module("_m")], "_m", Identifier),
        (vec![module("import")], "import", Identifier),
        (vec![module("café")], "café", Identifier),
        (vec![module("a.b")], "a.b", Identifier),
        (vec![module("aio")], "aio", Reserved),
        (vec![m(), m()], "m", Duplicate),
        (vec![function(m(), "del")], "m.del", Identifier),
        (vec![function(m(), "Any")], "m.Any", Reserved),
        (vec![function(function(m(), "f"), "f")], "m.f", Duplicate),
    ] {
        let builder = modules
            .into_iter()
            .fold(PythonRuntime::builder(), |builder, module| {
                builder.host_module(module)
            });
        let error = builder.build().unwrap_err();
        assert!(
            matches!(&error, Error::HostName { name, problem } if name == expected && *problem == because),
            "{error}"
        );
    }
}

/// The stubs that are tested with mypy, and the expected files, are generated from these
/// descriptions. `BLESS=1` writes them again; with it, `cargo test --lib` writes the files.
#[test]
fn descriptions_are_json_and_back() {
    let modules = RUNTIME.host_modules();
    let text = serde_json::to_string_pretty(modules).unwrap() + "\n";
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/modules.json");
    if env::var_os("BLESS").is_some() {
        fs::write(&known, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(known).unwrap());
    let back: Vec<ModuleDescription> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, modules);
    let more = json!([{"name": "m", "doc": "", "functions": [], "more": 1}]);
    let error = serde_json::from_value::<Vec<ModuleDescription>>(more).unwrap_err();
    assert!(error.is_data(), "{error}");
}
