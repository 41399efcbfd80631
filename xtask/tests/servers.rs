//! The examples that serve: a folder of Python files over HTTP, as `cargo xtask serve` starts it,
//! and the gateway.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::until_blocking;

const SHOP: &str = "
from dataclasses import dataclass

@dataclass
class Item:
    price: float
    quantity: int = 1

def total(items: list[Item]) -> float:
    'What they cost together.'
    return sum(item.price * item.quantity for item in items)

def fail(_):
    return {}['missing']

def helper(one, two, three):
    return one

def request(_, ctx):
    return ctx.hostcall('request', None)

def _hidden(_):
    return None
";

const JSON: &str = "content-type: application/json\r\n";

/// With and without traces the server is the same file: one at a time is built and started.
static STARTING: Mutex<()> = Mutex::new(());

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn folder(folder: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        Self::start(command.arg("serve").arg(folder).args(more))
    }

    fn start(command: &mut Command) -> Self {
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = command
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self { process, address }
    }

    /// Status, headers and body of the answer.
    fn ask(&self, request: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{JSON}{headers}content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    fn call(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.ask(&format!("POST {path}"), "", body);
        (
            status,
            serde_json::from_str(&body).unwrap_or(Value::String(body)),
        )
    }

    fn tell(&self, signal: &str) {
        let pid = self.process.id().to_string();
        Command::new("kill").args([signal, &pid]).status().unwrap();
    }

    fn get(&self, path: &str) -> Value {
        let (_, _, body) = self.ask(&format!("GET {path}"), "", "");
        serde_json::from_str(&body).unwrap_or(Value::String(body))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_folder_of_files_is_a_folder_of_endpoints() {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("shop.py");
    std::fs::write(&shop, SHOP).unwrap();
    let server = Server::folder(folder.path(), &["--development"]);

    let items = r#"[{"price": 2.5, "quantity": 4}, {"price": 1.5}]"#;
    assert_eq!(server.call("/shop/total", items), (200, json!(11.5)));
    let (status, error) = server.call("/shop/total", r#"[{"price": "free"}]"#);
    assert_eq!((status, &error["path"]), (422, &json!("$[0].price")));
    assert_eq!(server.call("/shop/total", "[").0, 400);
    // Too long by its last byte: of a longer one the server would leave some unread, and cut the
    // connection.
    let long = "9".repeat((4 << 20) + 1);
    assert_eq!(server.call("/shop/total", &long).0, 413);
    for path in [
        "/shop/nothing",
        "/shop/_hidden",
        "/shop/helper",
        "/nothing/total",
        "/total",
        "/shop/%ff",
    ] {
        let (status, error) = server.call(path, "null");
        assert_eq!(
            (status, &error["error"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    assert_eq!(server.get("/shop/total")["error"], "method");
    let (status, error) = server.call("/shop/fail", "null");
    assert_eq!((status, &error["error"]), (500, &json!("KeyError")));
    let traceback = error["traceback"].as_str().unwrap();
    assert!(
        traceback.contains("File \"shop.py\", line 14, in fail"),
        "{traceback}"
    );

    let headers = "x-request-id: r7\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let (status, head, body) = server.ask("POST /shop/request", headers, "");
    assert_eq!(status, 200);
    assert!(head.contains("x-request-id: r7"), "{head}");
    let request: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(request["id"], "r7");
    assert_eq!(
        request["traceparent"],
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    );

    // Without one of the caller's, a new one, also where no function is called.
    for request in ["GET /healthz", "POST /nothing"] {
        let (_, head, _) = server.ask(request, "", "");
        let id = header(&head, "x-request-id").unwrap();
        assert_eq!(
            id.split('-').map(str::len).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
    }
    let (status, head, _) = server.ask("GET /shop/total", "", "");
    assert_eq!((status, header(&head, "allow")), (405, Some("POST")));

    let metrics = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    for wanted in [
        r#"requests_total{path="shop/total",outcome="ok"} 1"#,
        r#"requests_total{path="shop/total",outcome="input"} 2"#,
        r#"wit_wire_hostcalls_total{name="request",outcome="ok"} 1"#,
        "wit_wire_calls_in_flight 0",
    ] {
        assert!(metrics.contains(wanted), "{wanted} in {metrics}");
    }

    // An edit that can't be loaded keeps what was there, and says so; one that can takes its place.
    std::fs::write(&shop, "def total(:").unwrap();
    until(
        || server.get("/healthz"),
        |health| *health == json!({"functions": 3, "problems": ["shop.py"]}),
    );
    assert_eq!(server.call("/shop/total", items), (200, json!(11.5)));
    std::fs::write(&shop, "def total(items):\n    return len(items)\n").unwrap();
    until(
        || server.call("/shop/total", items),
        |answer| *answer == (200, json!(2)),
    );
    assert_eq!(
        server.get("/healthz"),
        json!({"functions": 1, "problems": []})
    );

    // One that can't be among the others keeps none of them from being loaded.
    std::fs::write(folder.path().join("queue.py"), "def put(_): pass\n").unwrap();
    std::fs::write(&shop, "def total(items):\n    return -1\n").unwrap();
    until(
        || server.call("/shop/total", items),
        |answer| *answer == (200, json!(-1)),
    );
    assert_eq!(server.get("/healthz")["problems"], json!(["queue.py"]));

    // What keeps all of them from being read is told, too.
    let deep = folder.path().join("deep");
    std::fs::create_dir_all(deep.join("a/".repeat(70))).unwrap();
    let told = |problems: Value| {
        until(
            || server.get("/healthz")["problems"].clone(),
            |said| *said == problems,
        )
    };
    told(json!([".", "queue.py"]));
    assert_eq!(server.call("/shop/total", items), (200, json!(-1)));
    std::fs::remove_dir_all(deep).unwrap();
    told(json!(["queue.py"]));
}

/// The value of a header, whose name is in lower case.
fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(found, value)| (found == name).then_some(value))
}

#[test]
fn the_openapi_document_is_valid_and_the_page_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    std::fs::create_dir(folder.path().join("trees")).unwrap();
    // A type of itself, one whose name is used twice, and names that are not ASCII.
    let source = "
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Item:
    'A node.'
    maße: dict[str, tuple[int, float]]
    children: list[Item]
    next: Item | None = None

def größte(item: Item, ctx) -> Item | None:
    return item
";
    std::fs::write(folder.path().join("trees/nodes.py"), source).unwrap();
    let server = Server::folder(folder.path(), &[]);
    let document = server.get("/openapi.json");
    validate_openapi(&document);

    let operation = &document["paths"]["/shop/total"]["post"];
    assert_eq!(operation["description"], "What they cost together.");
    assert_eq!(
        operation["responses"]["200"]["content"]["application/json"]["schema"]["type"],
        "number"
    );
    let input = &operation["requestBody"]["content"]["application/json"]["schema"];
    let item = input["items"]["$ref"].as_str().unwrap();
    let item = &document.pointer(item.strip_prefix('#').unwrap()).unwrap();
    assert_eq!(item["properties"]["quantity"]["default"], 1);
    // Without a docstring there is no description, rather than one that is null.
    let undescribed = &document["paths"]["/shop/fail"]["post"];
    assert_eq!(undescribed.get("description"), None);

    // All of it is in the page, and it asks for the document.
    let (_, head, page) = server.ask("GET /", "", "");
    assert!(page.contains("<title>Functions</title>"));
    assert!(page.contains("url: '/openapi.json'"));
    for loaded in ["<script src", "<link"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    // Its own scripts run, and no others.
    let policy = header(&head, "content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert_eq!(
        policy.matches("'sha256-").count(),
        page.matches("</script>").count()
    );
    assert!(!policy.contains("script-src 'unsafe"), "{policy}");
}

/// One file says megabytes of each of its functions, and another one says nothing at all.
#[test]
fn the_openapi_document_is_no_larger_than_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = "LONG = 'x' * 3_000_000\n".to_owned();
    for at in 0..30 {
        source += &format!("def f{at}(_): pass\nf{at}.__doc__ = LONG\n");
    }
    for at in 0..100 {
        source += &format!("def g{at}(_): pass\ng{at}.__doc__ = LONG[:60_000]\n");
    }
    std::fs::write(folder.path().join("long.py"), source).unwrap();
    std::fs::write(folder.path().join("a.py"), "def f(_):\n    'Good.'\n").unwrap();
    let server = Server::folder(folder.path(), &[]);
    let before = peak_memory(&server);
    let (_, _, text) = server.ask("GET /openapi.json", "", "");
    assert!(text.len() < 5 << 20, "{}", text.len());
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 131);
    let describes = |path: &str| paths[path]["post"].get("description").is_some();
    assert!(describes("/a/f") && describes("/long/g0"));
    assert!(!describes("/long/f0"), "longer than one may be");
    assert!(!describes("/long/g99"), "after all that there may be");
    if let (Some(before), Some(after)) = (before, peak_memory(&server)) {
        assert!(after - before < 60 << 10, "{before} KiB, then {after} KiB");
    }
    // It is made anew for what is loaded anew.
    std::fs::write(folder.path().join("a.py"), "def f(_):\n    'Better.'\n").unwrap();
    until(
        || server.get("/openapi.json")["paths"]["/a/f"]["post"]["description"].clone(),
        |description| *description == json!("Better."),
    );
}

#[test]
fn what_is_not_json_is_not_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let source = "
def forged(_):
    from wit_wire_guest import wire_json
    wire_json.encode = lambda _: 'nul'
";
    std::fs::write(folder.path().join("shop.py"), source).unwrap();
    let server = Server::folder(folder.path(), &[]);
    let (status, answer) = server.call("/shop/forged", "null");
    assert_eq!((status, &answer["error"]), (500, &json!("failed")));
}

#[test]
fn functions_beyond_a_thousand_share_their_series() {
    let folder = tempfile::tempdir().unwrap();
    let names = 0..1_010;
    let source: String = names
        .clone()
        .map(|at| format!("def f{at}(_): pass\n"))
        .collect();
    std::fs::write(folder.path().join("many.py"), source).unwrap();
    let server = Server::folder(folder.path(), &[]);
    for at in names {
        assert_eq!(server.call(&format!("/many/f{at}"), "null").0, 200);
    }
    let metrics = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert_eq!(metrics.matches("requests_total{path=").count(), 1_001);
    assert!(metrics.contains(r#"requests_total{path="*",outcome="ok"} 10"#));
    assert!(metrics.contains(r#"requests_total{path="many/f999",outcome="ok"} 1"#));
}

/// Each hands a megabyte over to the host again and again: one that the host parses, or one of more
/// values than it parses, which ends the call.
#[test]
fn functions_that_hand_much_over_keep_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let source = "
from wit_world.imports import typegate_wire

def hand_over(element):
    text = '[' + element * (1_048_000 // len(element)) + '0]'
    while True:
        typegate_wire.hostcall('request', text)
";
    std::fs::write(folder.path().join("hostile.py"), source).unwrap();
    let server = Server::folder(folder.path(), &[]);
    for body in ["\"[0],\"", "\"[123456789],\""].repeat(2) {
        let address = server.address.clone();
        let length = body.len();
        let request = format!(
            "POST /hostile/hand_over HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{JSON}content-length: {length}\r\n\r\n{body}"
        );
        // Until the server ends.
        std::thread::spawn(move || {
            while let Ok(mut stream) = TcpStream::connect(&address) {
                let _ = stream.write_all(request.as_bytes());
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
    }
    until(
        || server.get("/metrics"),
        |metrics| {
            let counted = |name: &str| {
                let mut lines = metrics.as_str().unwrap().lines();
                let count = lines.find_map(|line| line.strip_prefix(name)).unwrap();
                count.trim() != "0"
            };
            counted(r#"wit_wire_hostcalls_total{name="request",outcome="ok"}"#)
                && counted(r#"wit_wire_calls_total{outcome="limit_json_nodes"}"#)
        },
    );
    let mut times: Vec<_> = (0..20)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(server.get("/healthz")["functions"], 1);
            began.elapsed()
        })
        .collect();
    times.sort();
    assert!(times[10] < Duration::from_millis(50), "{times:?}");
}

/// With a validator from the Python package index, in an environment of its own.
fn validate_openapi(document: &Value) {
    let requirements = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/serve/tests/openapi/requirements.txt"
    );
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment = temporary.join("openapi-tools");
    let python = environment.join("bin/python");
    let file = temporary.join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let run = |command: &mut Command| {
        for name in ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run(Command::new("python3")
        .args(["-I", "-m", "venv"])
        .arg(&environment));
    run(Command::new(&python)
        .args("-I -m pip install --quiet --disable-pip-version-check --no-deps".split(' '))
        .args("--only-binary :all: --require-hashes --requirement".split(' '))
        .arg(requirements));
    run(Command::new(&python)
        .args("-I -m openapi_spec_validator --schema 3.1 --errors all".split(' '))
        .arg(&file));
}

#[test]
fn each_function_of_the_examples_answers() {
    let server = Server::folder(Path::new("examples/functions"), &[]);
    assert_eq!(
        server.get("/healthz"),
        json!({"functions": 3, "problems": []})
    );
    let item = json!({"kind": "food", "price": 9.5});
    for (path, input, output) in [
        ("/hello/greet", json!({"name": "Ada"}), json!("Hello, Ada!")),
        ("/shop/tax/on", item.clone(), json!("0.950")),
        (
            "/shop/cart/total",
            json!([item]),
            json!({"net": "9.5", "tax": "0.95", "total": "10.45", "currency": "EUR"}),
        ),
    ] {
        assert_eq!(server.call(path, &input.to_string()), (200, output));
    }
}

#[test]
fn what_python_said_is_not_for_callers_unless_they_are_its_developers() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    let server = Server::folder(folder.path(), &[]);
    let (status, error) = server.call("/shop/fail", "null");
    assert_eq!(
        (status, error),
        (
            500,
            json!({"error": "failed", "message": "the function failed"})
        )
    );
}

/// What `ask` says once it is as `wanted`.
fn until<T>(ask: impl Fn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let mut last = None;
    until_blocking("the server's answer", || wanted(last.insert(ask())));
    last.unwrap()
}

#[test]
fn a_call_that_takes_too_long_is_the_gateways_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let source = "def spin(_):\n    while True:\n        pass\n";
    std::fs::write(folder.path().join("busy.py"), source).unwrap();
    let server = Server::folder(folder.path(), &["--milliseconds", "300"]);
    let (status, error) = server.call("/busy/spin", "null");
    assert_eq!((status, &error["error"]), (504, &json!("time")));
}

#[test]
fn a_client_that_does_not_finish_keeps_the_server_from_stopping_until_it_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    let mut server = Server::folder(folder.path(), &["--milliseconds", "100000"]);
    let mut slow = TcpStream::connect(&server.address).unwrap();
    let half =
        format!("POST /shop/total HTTP/1.1\r\nhost: localhost\r\n{JSON}content-length: 9\r\n\r\n[");
    slow.write_all(half.as_bytes()).unwrap();
    // Answered, so that the connection before it has been taken.
    server.get("/healthz");

    server.tell("-TERM");
    // Whoever comes then is refused, and so it has been told.
    while TcpStream::connect(&server.address).is_ok() {}
    assert!(server.process.try_wait().unwrap().is_none());
    server.tell("-TERM");
    assert!(server.process.wait().unwrap().success());
}

#[test]
fn a_full_server_says_when_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let source = "import time\n\ndef wait(_):\n    time.sleep(100)\n";
    std::fs::write(folder.path().join("busy.py"), source).unwrap();
    let server = Server::folder(folder.path(), &["--milliseconds", "100000"]);
    // More than there are instances and places in the queue. Their answers are not awaited.
    let callers: Vec<TcpStream> = (0..600)
        .map(|_| {
            let mut caller = TcpStream::connect(&server.address).unwrap();
            let request = format!("POST /busy/wait HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\n");
            caller.write_all(request.as_bytes()).unwrap();
            caller
        })
        .collect();
    let full = "\nwit_wire_calls_waiting 256\n";
    until(
        || server.get("/metrics"),
        |metrics| metrics.as_str().unwrap().contains(full),
    );
    let (status, head, body) = server.ask("POST /busy/wait", "", "");
    assert_eq!(status, 429, "{body}");
    assert!(head.contains("retry-after: 1"), "{head}");
    // What is no call is still answered.
    assert_eq!(server.get("/healthz")["functions"], 1);
    drop(callers);
}

/// What stands in its `traces` request is protobuf; names and numbers are in it as they are.
#[test]
fn traces_reach_the_collector_before_the_server_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let command = command.arg("serve").arg(folder.path());
    let mut server = Server::start(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));

    let trace = "0af7651916cd43dd8448eb211c80319c";
    let headers = format!("traceparent: 00-{trace}-b7ad6b7169203331-01\r\n");
    let (_, _, body) = server.ask("POST /shop/request", &headers, "");
    let told: Value = serde_json::from_str(&body).unwrap();
    let told = told["traceparent"].as_str().unwrap();
    // The same trace, from a span of the server's own.
    assert!(told.starts_with(&format!("00-{trace}-")), "{told}");
    assert!(!told.contains("b7ad6b7169203331"), "{told}");

    server.tell("-TERM");
    let (mut stream, _) = collector.accept().unwrap();
    let mut head = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        head.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    head.read_exact(&mut body).unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let id: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&trace[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    for wanted in [
        &id[..],
        b"shop/request",
        b"call",
        b"hostcall",
        b"cpu_seconds",
    ] {
        let is_there = body.windows(wanted.len()).any(|part| part == wanted);
        assert!(is_there, "{}", wanted.escape_ascii());
    }
    assert!(server.process.wait().unwrap().success());
}

/// The gateway, which cargo becomes once it is built.
fn gateway(folder: &Path) -> Server {
    let run = "run --quiet --bin gateway --";
    let mut cargo = Command::new(env!("CARGO"));
    Server::start(cargo.args(run.split(' ')).arg(folder))
}

#[test]
fn functions_behind_the_gateway_have_the_rights_of_their_caller() {
    let server = gateway(Path::new("examples/gateway/functions"));
    let ask = |token: &str, query: &str, variables: Value| {
        let body = json!({"query": query, "variables": variables}).to_string();
        let token = format!("authorization: Bearer {token}\r\n");
        let (status, _, body) = server.ask("POST /graphql", &token, &body);
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let customer = r#"
        query ($id: Int!, $paid: Boolean = true) {
            ada: customer(id: $id) { ...Named open: orders(paid: false) { total } }
            other: customer(id: 8) { ... { id } orders(paid: $paid) { id } }
            nobody: customer(id: 9) { name }
        }
        fragment Named on Customer { name }
    "#;
    assert_eq!(
        ask("shop-token", customer, json!({"id": 7})),
        (
            200,
            json!({"data": {
                "ada": {"name": "Ada", "open": [{"total": 12.5}]},
                "other": {"id": 8, "orders": []},
                "nobody": null,
            }})
        )
    );

    let owed = "query ($of: [Int]) { owed(customers: $of) }";
    assert_eq!(
        ask("accounts-token", owed, json!({"of": [7, 8]})).1["data"],
        json!({"owed": {"Ada": 12.5, "Emmy": 99.0}})
    );
    for (token, query, variables, path, said) in [
        (
            "shop-token",
            owed,
            json!({"of": [7]}),
            json!(["owed"]),
            "`shop` may not call `owed`",
        ),
        // Its own call, and for each customer that one and the orders.
        (
            "accounts-token",
            owed,
            json!({"of": [7, 7, 7, 7]}),
            json!(["owed"]),
            "RuntimeError: `accounts` may make 8 calls in a request",
        ),
        (
            "shop-token",
            "{ customer(id: 7) { orders { nothing } } }",
            json!({}),
            json!(["customer", "orders", 0, "nothing"]),
            "there is no `customer.orders.nothing`",
        ),
        (
            "shop-token",
            r#"{ customer(id: "x") { id } }"#,
            json!({}),
            json!(["customer"]),
            "$.id: expected an integer, got the string 'x'",
        ),
        (
            "shop-token",
            "{ customer(id: 7) { name @skip(if: true) } }",
            json!({}),
            json!(["customer"]),
            "directives are not supported",
        ),
        (
            "shop-token",
            "{ customer(id: 7) { ...F } } fragment F on C { ...F }",
            json!({}),
            json!(["customer"]),
            "too many fragments, or one within itself",
        ),
    ] {
        let (status, body) = ask(token, query, variables);
        let error = &body["errors"][0];
        assert_eq!(
            (status, &error["path"], &error["message"]),
            (200, &path, &json!(said)),
            "{body}"
        );
    }
    // The name of the scheme is read in any case.
    let (status, _, _) = server.ask(
        "POST /graphql",
        "authorization: bearer shop-token\r\n",
        r#"{"query": "{ customer(id: 7) { name } }"}"#,
    );
    assert_eq!(status, 200);
    let token = "authorization: Bearer other-token\r\n";
    let (status, head, _) = server.ask("POST /graphql", token, "{}");
    assert_eq!(
        (status, header(&head, "www-authenticate")),
        (401, Some("Bearer"))
    );
}

#[test]
fn what_a_guest_says_forges_no_line_of_the_log_and_what_fails_is_named_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        (
            "loud.py",
            "def fail(_):\n    raise ValueError('a\\n2026 INFO request: admin logged in\\r\\x1b[2K\\u202e' + 'x' * 4_000_000)\n",
        ),
        ("pkg/__init__.py", "def one(_):\n    return 1\n"),
        ("broken.py", "SECRET = 'hunter2'; def :\n"),
    ];
    for (path, source) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, source).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let command = command.arg("serve").arg(folder.path());
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start(command.stderr(log.reopen().unwrap()));

    let health = json!({"functions": 2, "problems": ["broken.py"]});
    assert_eq!(server.get("/healthz"), health);
    assert_eq!(server.call("/loud/fail", "null").0, 500);
    // IDs that could not stand in a log are replaced.
    for id in ["two words", "\u{85}\u{202e}", &"x".repeat(200)] {
        let headers = format!("x-request-id: {id}\r\n");
        let (_, head, _) = server.ask("POST /loud/fail", &headers, "");
        assert_eq!(header(&head, "x-request-id").unwrap().len(), 36, "{head}");
    }
    // A function has one path, and so one label.
    assert_eq!(server.call("/pkg/one", "null"), (200, json!(1)));
    assert_eq!(server.call("/pkg/__init__/one", "null").0, 404);
    let metrics = server.get("/metrics");
    let labels = metrics
        .as_str()
        .unwrap()
        .matches("requests_total{path=")
        .count();
    assert_eq!(labels, 2, "{metrics}");

    // It logs before it answers.
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(
        log.contains("hunter2"),
        "the log says what is wrong with a file: {log}"
    );
    let records: Vec<_> = log.lines().filter(|line| line.contains("admin")).collect();
    assert_eq!(records.len(), 4, "{log}");
    for record in records {
        assert!(record.contains(" serve::request: Traceback"), "{record}");
        assert!(record.ends_with(" more bytes]"), "{record}");
        assert!(record.len() < 20_000, "{}", record.len());
        assert!(
            !record.contains(['\r', '\u{1b}', '\u{202e}', '\u{85}']),
            "{record}"
        );
    }
}

#[test]
fn pages_of_others_call_no_function() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    let functions = Server::folder(folder.path(), &["--host", "functions.example"]);
    let servers = [
        (functions, "/shop/total"),
        (gateway(Path::new("examples/gateway/functions")), "/graphql"),
    ];
    for (server, path) in servers {
        let ask = |host: &str, headers: &str| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            write!(
                stream,
                "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: 2\r\n\r\n[]"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            let kind = match path {
                "/graphql" => body["errors"][0]["extensions"]["code"].clone(),
                _ => body["error"].clone(),
            };
            (status, kind)
        };
        let origin = format!("{JSON}origin: http://other.example\r\n");
        for (host, headers, status, kind) in [
            ("rebound.example", JSON, 421, "host"),
            ("localhost", &origin, 403, "origin"),
            (
                "localhost",
                "content-type: text/plain\r\n",
                415,
                "content_type",
            ),
            ("localhost", "", 415, "content_type"),
        ] {
            assert_eq!(
                ask(host, headers),
                (status, json!(kind)),
                "{path}: {headers}"
            );
        }
        let (named, _) = ask("functions.example", JSON);
        let expected = if path == "/graphql" { 421 } else { 200 };
        assert_eq!(named, expected, "{path}");
        // Errors of the router are no less typed.
        for request in [format!("GET {path}"), "POST /nothing/there".to_owned()] {
            let (status, _, body) = server.ask(&request, "", "");
            let expected = if request.starts_with("GET") { 405 } else { 404 };
            assert_eq!(status, expected, "{request}");
            assert!(serde_json::from_str::<Value>(&body).is_ok(), "{body}");
        }
    }
}

const HOSTILE: &str = "
import asyncio

def customer(id: int | list):
    return {'name': 'Ada', 'part': 'x' * 100_000}

def orders(parent: dict):
    return [{'total': 1}, {'total': 2}]

def many(count: int):
    return [{'total': 1}] * count

def forge():
    import json
    from wit_wire_guest import app
    said = json.dumps({'type': 'ValueError', 'message': 'x' * 1_000_000})
    app.failure = lambda error: said
    raise ValueError

async def ask(query: str, times: int, ctx):
    answers = await asyncio.gather(*[ctx.gql(query) for _ in range(times)])
    return [answer['errors'][0]['message'] for answer in answers if 'errors' in answer][:1]
";

/// Whose functions are those of `HOSTILE`.
fn hostile_gateway() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "functions": {
            "customer": "shop:customer",
            "customer.orders": "shop:orders",
            "many": "shop:many",
            "forge": "shop:forge",
            "ask": "shop:ask",
        },
        "callers": {"shop": {"token": "shop-token", "may": ["*"]}},
    });
    std::fs::write(folder.path().join("gateway.json"), config.to_string()).unwrap();
    std::fs::write(folder.path().join("shop.py"), HOSTILE).unwrap();
    gateway(folder.path())
}

fn ask_gateway(server: &Server, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables}).to_string();
    let token = "authorization: Bearer shop-token\r\n";
    let (status, _, body) = server.ask("POST /graphql", token, &body);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// What is no value is paid for, too: a name is in an answer as often as a list has elements, and a
/// message is as long as its function wants.
#[test]
fn names_and_messages_are_paid_for_like_values() {
    let server = hostile_gateway();
    let before = peak_memory(&server);
    let name = "A".repeat(60_000);
    let body = ask_gateway(
        &server,
        &format!("{{ many(count: 4000) {{ {name}: total }} }}"),
        json!({}),
    );
    assert!(body["data"]["many"][3_999].is_null());
    assert!(
        body["errors"][0]["message"]
            .as_str()
            .unwrap()
            .ends_with("limit 16777216")
    );

    let forge: String = (0..90).map(|at| format!("a{at}: forge ")).collect();
    let body = ask_gateway(&server, &format!("{{ {forge} }}"), json!({}));
    let errors = body["errors"].as_array().unwrap();
    let said = json!("message limit exceeded: 1000018 bytes, limit 65536");
    let is_said = |error: &Value| error["message"] == said;
    assert!(
        errors.len() == 90 && errors.iter().all(is_said),
        "{:?}",
        errors[0]
    );
    if let (Some(before), Some(after)) = (before, peak_memory(&server)) {
        // Mostly interpreters, of which each call that waits for another one has its own.
        assert!(after - before < 300 << 10, "{before} KiB, then {after} KiB");
    }
}

/// Each of these queries asks for more than its caller may have.
#[test]
fn hostile_queries_end_in_an_error_and_take_little_memory() {
    let server = hostile_gateway();
    let ask = |query: &str, variables: Value| ask_gateway(&server, query, variables);
    let fine = ask("{ customer(id: 7) { name } }", json!({}));
    assert_eq!(fine, json!({"data": {"customer": {"name": "Ada"}}}));
    let before = peak_memory(&server);

    let spread = |count: usize, names: usize| {
        format!(
            "{{ customer(id: 7) {{ {} }} }} fragment F on X {{ {} }}",
            "...F ".repeat(count),
            "name ".repeat(names)
        )
    };
    let many = |count: usize, what: &str| -> String {
        (0..count).map(|at| format!("a{at}: {what} ")).collect()
    };
    let fragments: String = (0..40)
        .map(|at| format!("fragment F{at} on X {{ ...F{0} ...F{0} name }} ", at + 1))
        .collect();
    let fragments =
        format!("{{ customer(id: 7) {{ ...F0 }} }} {fragments} fragment F40 on X {{ id }}");
    let lists = format!("orders {{ {} }}", "total ".repeat(200));
    let lists = format!("{{ customer(id: 7) {{ {} }} }}", many(40, &lists));
    let within = format!(
        "{{ customer(id: 7) {} {} }}",
        "{ a".repeat(60),
        "}".repeat(60)
    );
    let variable = "x".repeat(900_000);
    let uses = format!("customer(id: [{}]) {{ name }}", "$v ".repeat(80));
    let uses = format!("{{ {} }}", many(90, &uses));
    for (query, variables, said) in [
        (
            spread(900, 1_000),
            json!({}),
            "field limit exceeded: 10001 answered fields, limit 10000",
        ),
        (
            spread(900, 10_000),
            json!({}),
            "field limit exceeded: 10001 answered fields, limit 10000",
        ),
        (
            spread(1, 10_000),
            json!({}),
            "field limit exceeded: 10001 answered fields, limit 10000",
        ),
        (
            format!("{{ customer(id: 7) {{ {} }} }}", many(900, "part")),
            json!({}),
            "bytes of values, limit 16777216",
        ),
        (
            lists,
            json!({}),
            "field limit exceeded: 10001 answered fields, limit 10000",
        ),
        (
            fragments,
            json!({}),
            "too many fragments, or one within itself",
        ),
        (within, json!({}), "Recursion limit exceeded"),
        (
            uses,
            json!({"v": variable}),
            "bytes of values, limit 16777216",
        ),
        (
            "query ($v: [Int]) { customer(id: 7) { name } }".to_owned(),
            json!({"v": vec![0; 400_000]}),
            "bytes of values, limit 16777216",
        ),
        (
            " ".repeat(70_000),
            json!({}),
            "query limit exceeded: 70000 bytes, limit 65536",
        ),
        (
            format!("{{ {} }}", many(1_000, "customer(id: 7)")),
            json!({}),
            "`shop` may make 100 calls in a request",
        ),
    ] {
        let body = ask(&query, variables);
        let errors = body["errors"].as_array().unwrap();
        let is_said = errors
            .iter()
            .any(|error| error["message"].as_str().unwrap().contains(said));
        assert!(is_said, "{said}: {errors:?}");
        assert!(errors.len() <= 100, "{}", errors.len());
    }
    // What functions ask for counts, too.
    let names = format!("{{ customer(id: 7) {{ {} }} }}", "name ".repeat(1_000));
    let parts = format!("{{ customer(id: 7) {{ {} }} }}", many(9, "part"));
    for (query, said) in [
        (names, "answered fields, limit 10000"),
        (parts, "bytes of values, limit 16777216"),
    ] {
        let by_function = "query ($query: String!) { ask(query: $query, times: 20) }";
        let body = ask(by_function, json!({"query": query}));
        // In the function's answer, or in place of it.
        assert!(body.to_string().contains(said), "{said}: {body}");
    }
    // What the limit allows is answered.
    let fine = ask(&spread(1, 9_999), json!({}));
    assert_eq!(fine, json!({"data": {"customer": {"name": "Ada"}}}));
    if let (Some(before), Some(after)) = (before, peak_memory(&server)) {
        // Mostly interpreters, of which each call that waits for another one has its own.
        assert!(after - before < 300 << 10, "{before} KiB, then {after} KiB");
    }
}

/// The most memory that the server's process has had, in KiB, where the system says so.
fn peak_memory(server: &Server) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
