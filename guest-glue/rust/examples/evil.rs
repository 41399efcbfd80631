//! For tests of hosts: each op tries to harm the host or other calls, as a user's Rust code could.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::empty_loop,
    clippy::panic,
    clippy::unwrap_used,
    unconditional_recursion,
    reason = "deeds of an evil guest"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{env, fs, process, thread};

use serde_json::Value;
use wit_wire_guest::{Context, Ops, Result};

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[0]
}

/// The error at each way out of the sandbox, or `None` where it is open.
fn ways_out() -> BTreeMap<&'static str, Option<String>> {
    fn refused<T>(result: std::io::Result<T>) -> Option<String> {
        result.err().map(|error| error.to_string())
    }
    let none = |is_none: bool| is_none.then(|| "nothing there".to_owned());
    let mut stdin = Vec::new();
    BTreeMap::from([
        ("list /", refused(fs::read_dir("/"))),
        ("list .", refused(fs::read_dir("."))),
        ("list ..", refused(fs::read_dir(".."))),
        ("read environ", refused(fs::read("/proc/self/environ"))),
        ("read passwd", refused(fs::read("/etc/passwd"))),
        ("read upwards", refused(fs::read("../../../../etc/passwd"))),
        ("write", refused(fs::write("/tmp/evil", "evil"))),
        ("make a folder", refused(fs::create_dir("evil"))),
        ("remove", refused(fs::remove_dir_all("/tmp"))),
        ("environment", none(env::vars_os().count() == 0)),
        ("arguments", none(env::args_os().count() == 0)),
        (
            "stdin",
            none(matches!(
                std::io::stdin().read_to_end(&mut stdin),
                Ok(0) | Err(_)
            )),
        ),
        ("connect", refused(TcpStream::connect("127.0.0.1:22"))),
        ("listen", refused(TcpListener::bind("127.0.0.1:0"))),
        ("datagram", refused(UdpSocket::bind("127.0.0.1:0"))),
        ("look up", refused("localhost:80".to_socket_addrs())),
        ("start a process", refused(Command::new("/bin/sh").output())),
        (
            "start a thread",
            refused(thread::Builder::new().spawn(|| ())),
        ),
    ])
}

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Overwrites memory from `from` to `to`, including the allocator and the stack.
fn scribble(from: usize, to: usize, byte: u8) {
    for address in from..to {
        // SAFETY: none. The sandbox has to contain it.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(address).write_volatile(byte) };
    }
}

fn ops(ops: &mut Ops) {
    ops.function("panic", |_: Value| -> Result<()> { panic!("as planned") });
    ops.function("panic_at_length", |_: Value| -> Result<()> {
        panic!("{}", "x".repeat(10 << 20))
    });
    ops.function("panic_in_drop", |_: Value| {
        drop(PanicsWhenDropped);
        Ok(())
    });
    ops.function("panic_in_panic", |_: Value| -> Result<()> {
        let _guard = PanicsWhenDropped;
        panic!("outer")
    });
    ops.function("recurse", |depth: u64| Ok(recurse(depth)));
    ops.function("allocate", |_: Value| -> Result<()> {
        loop {
            black_box(Box::leak(vec![1_u8; 1 << 20].into_boxed_slice()));
        }
    });
    ops.function("allocate_at_once", |_: Value| {
        Ok(black_box(vec![1_u8; 1 << 30]).len())
    });
    ops.function("allocate_too_much", |bytes: usize| {
        Ok(black_box(Vec::<u64>::with_capacity(bytes)).len())
    });
    ops.function("loop", |_: Value| -> Result<()> {
        loop {}
    });
    ops.function("leak", |_: Value| {
        black_box(Box::leak(vec![1_u8; 100_000].into_boxed_slice()));
        Ok(())
    });
    ops.function("exit", |code: i32| -> Result<()> { process::exit(code) });
    ops.function("abort", |_: Value| -> Result<()> { process::abort() });
    ops.function("ways_out", |_: Value| Ok(ways_out()));
    ops.with_context("flood", |_: Value, context: &Context| -> Result<()> {
        loop {
            let _ = context.hostcall::<_, Value>("nothing", &0);
        }
    });
    ops.function("print", |_: Value| -> Result<()> {
        loop {
            println!("evil");
        }
    });
    ops.function("long_line", |megabytes: usize| {
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..megabytes {
            std::io::stdout().write_all(&piece).unwrap();
        }
        Ok(())
    });
    ops.function("count", |_: Value| Ok(CALLS.fetch_add(1, Relaxed)));
    ops.function("zero_the_stack", |_: Value| {
        scribble(1024, 1 << 20, 0);
        Ok(())
    });
    ops.function("zero_everything", |_: Value| -> Result<()> {
        scribble(0, usize::MAX, 0);
        Ok(())
    });
    ops.function("corrupt_the_heap", |_: Value| {
        let some = Box::leak(Box::new(7_u64));
        let at = std::ptr::from_mut(some).expose_provenance();
        scribble(at - 4096, at + 4096, 0xff);
        Ok(vec![String::from("allocated"); 1000])
    });
}
wit_wire_guest::export!(ops);
