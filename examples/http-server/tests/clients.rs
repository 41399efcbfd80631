//! Clients that want too much, and pages of others, before a server on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_server::{Guard, Limits, listen, serve};

/// More than the system keeps for a client that does not read.
const LARGE: usize = 64 << 20;

fn problem(status: StatusCode, kind: &'static str, message: String) -> Response {
    (status, format!("{kind}: {message}")).into_response()
}

/// Starts a server, which ends with the test's process.
fn start(limits: Limits, names: &[&str]) -> SocketAddr {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let (started, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
            let address = listener.local_addr().unwrap();
            let app = Router::new()
                .route("/echo", post(async |body: Bytes| body))
                .route("/large", get(async || vec![b'x'; LARGE]));
            let app = Guard::new(address, names, limits, problem).protect(app);
            started.send(address).unwrap();
            serve(app, listener, limits, async {}).await;
        });
    });
    address.recv().unwrap()
}

/// All that the server says until it ends the connection.
fn said(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    // It may cut a connection in which there is still something to read.
    let _ = stream.read_to_end(&mut said);
    String::from_utf8(said).unwrap()
}

fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// A call with these headers, on a connection of its own.
fn call(address: SocketAddr, headers: &str) -> String {
    let request = format!("POST /echo HTTP/1.1\r\nconnection: close\r\n{headers}\r\n1");
    said(send(address, &request))
}

const GOOD: &str = "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 1\r\n";

/// Nothing has to be sent after it, and it takes one of the places.
const SHORT: Limits = Limits {
    connections: 1,
    headers: Duration::from_millis(50),
    header_bytes: 16 << 10,
    body: Duration::from_millis(50),
    body_bytes: 1_000,
    bodies_bytes: usize::MAX,
    response: Duration::from_millis(50),
    age: Duration::from_millis(50),
};

#[test]
fn who_does_not_go_on_is_let_go_and_the_next_one_is_served() {
    let address = start(SHORT, &[]);
    let half_body = "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
        content-length: 9\r\n\r\n[";
    for (sent, expected) in [
        ("", ""),
        ("POST /echo HTTP/1.1\r\nhost: loc", ""),
        (half_body, "HTTP/1.1 408 "),
        // Idle after its response.
        ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "HTTP/1.1 404 "),
    ] {
        let slow = send(address, sent);
        // There is one place, so this one waits for the other's end.
        let next = call(address, GOOD);
        assert!(next.starts_with("HTTP/1.1 200 "), "{sent}: {next}");
        let said = said(slow);
        assert!(said.starts_with(expected), "{sent}: {said}");
        assert_eq!(said.is_empty(), expected.is_empty(), "{sent}: {said}");
    }
}

#[test]
fn who_does_not_read_is_let_go() {
    let address = start(SHORT, &[]);
    let slow = send(address, "GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let next = call(address, GOOD);
    assert!(next.starts_with("HTTP/1.1 200 "), "{next}");
    let said = said(slow);
    assert!(said.starts_with("HTTP/1.1 200 "));
    assert!(said.len() < LARGE);
}

#[test]
fn what_is_too_large_is_refused() {
    let limits = Limits {
        body_bytes: 1_000,
        ..Limits::default()
    };
    let address = start(limits, &[]);
    let long = "x".repeat(limits.header_bytes);
    let many = "x: y\r\n".repeat(200);
    for headers in [format!("{GOOD}x: {long}\r\n"), format!("{GOOD}{many}")] {
        let said = call(address, &headers);
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let body = "x".repeat(1_001);
    let whole = (GOOD.replace("length: 1", "length: 1001"), body.clone());
    // Without a length, a body is counted while it comes.
    let chunked = GOOD.replace("content-length: 1", "transfer-encoding: chunked");
    let chunked = (chunked, format!("3e9\r\n{body}\r\n0\r\n\r\n"));
    for (headers, body) in [whole, chunked] {
        let request = format!("POST /echo HTTP/1.1\r\nconnection: close\r\n{headers}\r\n{body}");
        let said = said(send(address, &request));
        assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
        assert!(
            said.ends_with("body: body limit exceeded: limit 1000 bytes"),
            "{said}"
        );
    }
}

#[test]
fn what_all_bodies_take_together_is_limited() {
    let limits = Limits {
        bodies_bytes: LARGE,
        ..Limits::default()
    };
    let address = start(limits, &[]);
    let get = "GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut unread = send(address, get);
    // It takes its room before it is sent. There are 64 KiB left, besides those of each body.
    unread.read_exact(&mut [0]).unwrap();
    let post = |length: usize| {
        let headers = GOOD.replace("length: 1", &format!("length: {length}"));
        let body = "x".repeat(length);
        let request = format!("POST /echo HTTP/1.1\r\nconnection: close\r\n{headers}\r\n{body}");
        said(send(address, &request))
    };
    let refused = "busy: limit on all bodies together exceeded: limit 67108864 bytes";
    for answer in [said(send(address, get)), post((128 << 10) + 1)] {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{}", answer.len());
        assert!(answer.ends_with(refused), "{}", answer.len());
    }
    // Who only says that a body will come takes nothing.
    let announced = GOOD.replace("length: 1", "length: 4000000");
    let _waits = send(address, &format!("POST /echo HTTP/1.1\r\n{announced}\r\n"));
    let answer = post(128 << 10);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", answer.len());
    // What was taken is given back.
    assert!(said(unread).len() > LARGE);
    let answer = post((128 << 10) + 1);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{}", answer.len());
}

#[test]
fn pages_of_others_reach_no_handler() {
    let loopback = start(Limits::default(), &[]);
    let named = start(Limits::default(), &["functions.example"]);
    let port = loopback.port();
    let other_host = |host: &str| GOOD.replace("host: localhost", host);
    let other_type = |ty: &str| GOOD.replace("content-type: application/json", ty);
    let and = |header: &str| format!("{GOOD}{header}\r\n");
    for (address, headers, expected) in [
        (loopback, GOOD.to_owned(), "200"),
        (
            loopback,
            other_host(&format!("host: 127.0.0.1:{port}")),
            "200",
        ),
        (loopback, other_host("host: [::1]:1"), "200"),
        (loopback, other_host("host: LOCALHOST"), "200"),
        // A name that was made to lead to this machine.
        (loopback, other_host("host: rebound.example"), "421"),
        (loopback, other_host("host: functions.example"), "421"),
        (
            loopback,
            other_host("host: localhost.rebound.example"),
            "421",
        ),
        (loopback, other_host("host: x@localhost"), "400"),
        (loopback, other_host("x: y"), "400"),
        (
            loopback,
            other_host("host: localhost\r\nhost: localhost"),
            "400",
        ),
        (named, other_host("host: functions.example"), "200"),
        (named, other_host("host: rebound.example"), "421"),
        (loopback, and("origin: http://localhost"), "200"),
        (loopback, and("origin: http://localhost:3000"), "403"),
        (loopback, and("origin: http://other.example"), "403"),
        (loopback, and("origin: null"), "403"),
        (
            loopback,
            and("origin: http://localhost\r\norigin: null"),
            "403",
        ),
        (
            loopback,
            other_type("content-type: Application/JSON; charset=utf-8"),
            "200",
        ),
        (loopback, other_type("content-type: text/plain"), "415"),
        (
            loopback,
            other_type("content-type: text/plain, application/json"),
            "415",
        ),
        (
            loopback,
            other_type("content-type: application/json\r\ncontent-type: a/b"),
            "415",
        ),
        (loopback, other_type("x: y"), "415"),
    ] {
        let said = call(address, &headers);
        assert!(
            said.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{headers}: {said}"
        );
        assert!(
            said.contains("\r\nx-content-type-options: nosniff\r\n"),
            "{said}"
        );
        assert!(
            said.contains("\r\ncross-origin-resource-policy: same-origin\r\n"),
            "{said}"
        );
        // Nobody else's page is given permission.
        assert!(!said.contains("access-control-allow"), "{said}");
    }
    // What a target says goes before `Host`.
    let absolute = "GET http://rebound.example/large HTTP/1.1\r\nhost: localhost\r\n\
        connection: close\r\n\r\n";
    let said = said(send(loopback, absolute));
    assert!(said.starts_with("HTTP/1.1 421 "), "{said}");
}
