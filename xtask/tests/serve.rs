//! A folder of Python files over HTTP, as `cargo xtask serve` starts it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

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

def request(_, ctx):
    return ctx.hostcall('request', None)

def _hidden(_):
    return None
";

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .current_dir(common::root())
            .arg("serve")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .args(more)
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
            "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
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
    let server = Server::start(folder.path(), &["--development"]);

    let items = r#"[{"price": 2.5, "quantity": 4}, {"price": 1.5}]"#;
    assert_eq!(server.call("/shop/total", items), (200, json!(11.5)));
    let (status, error) = server.call("/shop/total", r#"[{"price": "free"}]"#);
    assert_eq!((status, &error["path"]), (422, &json!("$[0].price")));
    assert_eq!(server.call("/shop/total", "[").0, 400);
    assert_eq!(server.call("/shop/total", &"9".repeat(5 << 20)).0, 413);
    for path in ["/shop/nothing", "/shop/_hidden", "/nothing/total", "/total"] {
        assert_eq!(server.call(path, "null").0, 404, "{path}");
    }
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

    let document = server.get("/openapi.json");
    let operation = &document["paths"]["/shop/total"]["post"];
    assert_eq!(operation["description"], "What they cost together.");
    assert_eq!(
        operation["responses"]["200"]["content"]["application/json"]["schema"]["type"],
        "number"
    );
    assert!(
        server
            .get("/")
            .as_str()
            .unwrap()
            .contains("<title>Functions</title>")
    );
    let metrics = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(
        metrics.contains(r#"calls_total{path="shop/total",outcome="ok"} 1"#),
        "{metrics}"
    );

    // An edit that can't be loaded keeps what was there, and says so; one that can takes its place.
    std::fs::write(&shop, "def total(:").unwrap();
    let health = until(
        || server.get("/healthz"),
        |health| health["problems"]["shop.py"].is_string(),
    );
    assert!(
        health["problems"]["shop.py"]
            .as_str()
            .unwrap()
            .contains("line 1"),
        "{health}"
    );
    assert_eq!(server.call("/shop/total", items), (200, json!(11.5)));
    std::fs::write(&shop, "def total(items):\n    return len(items)\n").unwrap();
    until(
        || server.call("/shop/total", items),
        |answer| *answer == (200, json!(2)),
    );
    assert_eq!(
        server.get("/healthz"),
        json!({"functions": 1, "problems": {}})
    );
}

#[test]
fn what_python_said_is_not_for_callers_unless_they_are_its_developers() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    let server = Server::start(folder.path(), &[]);
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
    loop {
        let answer = ask();
        if wanted(&answer) {
            return answer;
        }
        std::thread::yield_now();
    }
}
