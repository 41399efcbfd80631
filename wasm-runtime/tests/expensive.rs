//! Components of less than 256 KB that take a compiler gigabytes or minutes: each is refused with
//! its reason or ends at a limit, and none takes more than that.
//!
//! What each takes without limits, in the profile of tests: more than the limits here, and most
//! more than the default ones.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use tokio::runtime::Runtime;
use wasm_runtime::{CacheFolder, CompileLimit, CompileLimits, Compiler, Error, WasmRuntime};

const MEMORY: u64 = 64 << 20;

/// Bytes of WebAssembly, put together.
fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    join(&[&[id], &leb(content.len()), content])
}

/// `each` for the numbers below `count`, one after the other.
fn each(count: usize, each: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(each).collect()
}

/// A vector of that.
fn vector(count: usize, item: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    join(&[&leb(count), &each(count, item)])
}

/// A type of functions that take and give so many `i32`.
fn function_type(takes: usize, gives: usize) -> Vec<u8> {
    join(&[
        &[0x60],
        &vector(takes, |_| vec![0x7f]),
        &vector(gives, |_| vec![0x7f]),
    ])
}

/// A function with so many locals of type `i32`.
fn function(locals: usize, code: &[u8]) -> Vec<u8> {
    let locals = match locals {
        0 => vec![0],
        count => join(&[&[1], &leb(count), &[0x7f]]),
    };
    let body = join(&[&locals, code, &[0x0b]]);
    join(&[&leb(body.len()), &body])
}

/// A module in parts. Type 0 takes and gives nothing, and each function has it unless `types` says
/// otherwise.
#[derive(Default)]
struct Module {
    types: Vec<Vec<u8>>,
    functions: Vec<(usize, Vec<u8>)>,
    /// The sections between those of functions and of code.
    between: Vec<u8>,
    data: Vec<u8>,
}

impl Module {
    /// The component that consists of the module, this many times.
    fn component(self, times: usize) -> Vec<u8> {
        let types = std::iter::once(function_type(0, 0)).chain(self.types);
        let types: Vec<_> = types.collect();
        let module = join(&[
            b"\0asm\x01\0\0\0",
            &section(1, &join(&[&leb(types.len()), &types.concat()])),
            &section(
                3,
                &vector(self.functions.len(), |n| leb(self.functions[n].0)),
            ),
            &self.between,
            &section(
                10,
                &vector(self.functions.len(), |n| self.functions[n].1.clone()),
            ),
            &self.data,
        ]);
        join(&[b"\0asm\x0d\0\x01\0", &each(times, |_| section(1, &module))])
    }
}

/// A component of one function.
fn one(locals: usize, code: &[u8]) -> Vec<u8> {
    with(Vec::new(), locals, code)
}

/// A component of one function, and sections before its code.
fn with(between: Vec<u8>, locals: usize, code: &[u8]) -> Vec<u8> {
    let functions = vec![(0, function(locals, code))];
    let module = Module {
        functions,
        between,
        ..Module::default()
    };
    module.component(1)
}

/// A component of one function, and functions that take and give so many values.
fn typed(takes: usize, gives: usize, code: &[u8], others: usize) -> Vec<u8> {
    let mut functions = vec![(0, function(0, code))];
    functions.extend((0..others).map(|_| (1, function(0, &[0x00]))));
    let module = Module {
        types: vec![function_type(takes, gives)],
        functions,
        ..Module::default()
    };
    module.component(1)
}

/// A component of this many functions with this code, and sections before it.
fn many(count: usize, code: &[u8], between: Vec<u8>) -> Vec<u8> {
    let functions = vec![(0, function(0, code)); count];
    let module = Module {
        functions,
        between,
        ..Module::default()
    };
    module.component(1)
}

/// `local.get`, `i32.const 1`, `i32.add`, `local.set` of one local.
fn increment(local: usize) -> Vec<u8> {
    join(&[&[0x20], &leb(local), &[0x41, 1, 0x6a, 0x21], &leb(local)])
}

const ZERO: [u8; 2] = [0x41, 0];
const DROP: [u8; 1] = [0x1a];
const END: [u8; 1] = [0x0b];
/// A block of type 1, and its end.
const BLOCK: [u8; 3] = [0x02, 1, 0x0b];
const TABLE: &[u8] = b"\x04\x04\x01\x70\0\x01";
const ONE_PAGE: &[u8] = b"\x05\x03\x01\0\x01";

/// What has too many values and blocks to be tried.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let wide = |values: usize, blocks: usize| {
        let code = join(&[
            &ZERO.repeat(values),
            &BLOCK.repeat(blocks),
            &DROP.repeat(values),
        ]);
        typed(values, values, &code, 0)
    };
    vec![
        ("400 blocks of 1,000 values", wide(1_000, 400)),
        ("1,000 blocks of 1,000 values", wide(1_000, 1_000)),
        ("4,000 blocks of 100 values", wide(100, 4_000)),
        (
            "20,000 blocks with a result",
            one(0, &[0x02, 0x7f, 0x41, 0, 0x0b, 0x1a].repeat(20_000)),
        ),
        (
            "30,000 ifs with a result",
            one(
                1,
                &join(&[
                    &[0x20, 0],
                    &[0x04, 0x7f, 0x41, 0, 0x05, 0x41, 1, 0x0b].repeat(30_000),
                    &DROP,
                ]),
            ),
        ),
        (
            "5,000 locals, each set after 20,000 blocks",
            one(
                5_000,
                &join(&[
                    &[0x02, 0x40, 0x0b].repeat(20_000),
                    &each(5_000, |local| join(&[&ZERO, &[0x21], &leb(local)])),
                ]),
            ),
        ),
        (
            "100 branches out of each of 60 nests of 100 blocks of 100 values",
            typed(
                0,
                100,
                &join(&[
                    &[0x02, 1].repeat(100),
                    &ZERO.repeat(101),
                    &[0x0e],
                    &vector(99, leb),
                    &[99],
                    &END.repeat(100),
                    &DROP.repeat(100),
                ])
                .repeat(60),
                0,
            ),
        ),
    ]
}

/// What is tried, and ends at a limit.
fn limited() -> Vec<(&'static str, Vec<u8>)> {
    let wide_elements = {
        let mut functions = vec![(0, function(0, &[]))];
        functions.extend((0..5_000).map(|_| (1, function(0, &[0x00]))));
        let module = Module {
            types: vec![function_type(1_000, 1_000)],
            functions,
            between: section(9, &join(&[&[1, 1, 0], &vector(5_000, |n| leb(n + 1))])),
            ..Module::default()
        };
        module.component(1)
    };
    let wide_exports = {
        let module = Module {
            // No two alike.
            types: (0..250)
                .map(|n| {
                    let value =
                        |bit: usize| vec![if n >> (bit % 8) & 1 == 1 { 0x7f } else { 0x7e }];
                    join(&[&[0x60], &vector(1_000, value), &[0]])
                })
                .collect(),
            functions: (1..=250).map(|n| (n, function(0, &[0x00]))).collect(),
            between: section(
                7,
                &vector(250, |n| {
                    let name = format!("f{n}");
                    join(&[&leb(name.len()), name.as_bytes(), &[0], &leb(n)])
                }),
            ),
            ..Module::default()
        };
        module.component(1)
    };
    let modules = {
        let module = Module {
            functions: vec![(0, function(0, &[0x41, 0, 0x1a])); 25],
            ..Module::default()
        };
        module.component(900)
    };
    let sparse = {
        let module = Module {
            functions: vec![(0, function(0, &[]))],
            between: section(5, &join(&[&[1, 0], &leb(1_024)])),
            data: section(11, b"\x02\0\x41\0\x0b\x01a\0\x41\xfe\xff\xff\x1f\x0b\x01a"),
            ..Module::default()
        };
        module.component(1)
    };
    let elements = |count: usize| section(9, &join(&[&[1, 1, 0], &vector(count, leb)]));
    vec![
        (
            "1,000 locals in 900 loops in each other",
            one(
                1_000,
                &join(&[
                    &[0x03, 0x40].repeat(900),
                    &each(1_000, increment),
                    &END.repeat(900),
                ]),
            ),
        ),
        (
            "49 locals in 1,000 loops in each other, each repeated",
            one(
                49,
                &join(&[
                    &[0x03, 0x40].repeat(1_000),
                    &each(49, increment),
                    &[0x20, 0, 0x0d, 0, 0x0b].repeat(1_000),
                ]),
            ),
        ),
        (
            "17,000 loops, one after the other",
            one(
                1,
                &join(&[&[0x03, 0x40], &*increment(0), &[0x20, 0, 0x0d, 0, 0x0b]]).repeat(17_000),
            ),
        ),
        (
            "2,400 locals, each set after 20,000 blocks",
            one(
                2_400,
                &join(&[
                    &[0x02, 0x40, 0x0b].repeat(20_000),
                    &each(2_400, |local| join(&[&ZERO, &[0x21], &leb(local)])),
                ]),
            ),
        ),
        (
            "49,000 branches with 1,000 values",
            typed(
                0,
                1_000,
                &join(&[
                    &[0x02, 1],
                    &ZERO.repeat(1_000),
                    &[0x41, 0, 0x0d, 0].repeat(49_000),
                    &END,
                    &DROP.repeat(1_000),
                ]),
                0,
            ),
        ),
        (
            "2,000 calls that take and give 1,000 values",
            typed(
                1_000,
                1_000,
                &join(&[
                    &ZERO.repeat(1_000),
                    &[0x10, 1].repeat(2_000),
                    &DROP.repeat(1_000),
                ]),
                1,
            ),
        ),
        (
            "250 calls with 1,000 results",
            typed(
                0,
                1_000,
                &join(&[&[0x10, 1], &*DROP.repeat(1_000)]).repeat(250),
                1,
            ),
        ),
        (
            "80,000 results of calls at once",
            typed(
                0,
                1,
                &join(&[&[0x10, 1].repeat(80_000), &[0x6a].repeat(79_999), &DROP]),
                1,
            ),
        ),
        (
            "50,000 indirect calls",
            with(TABLE.to_vec(), 0, &[0x41, 0, 0x11, 0, 0].repeat(50_000)),
        ),
        (
            "50,000 reads of a table",
            with(TABLE.to_vec(), 0, &[0x41, 0, 0x25, 0, 0x1a].repeat(50_000)),
        ),
        (
            "50,000 growths of the memory",
            with(
                ONE_PAGE.to_vec(),
                0,
                &[0x41, 0, 0x40, 0, 0x1a].repeat(50_000),
            ),
        ),
        (
            "80,000 divisions",
            one(
                1,
                &join(&[&[0x20, 0], &*[0x20, 0, 0x6d].repeat(80_000), &DROP]),
            ),
        ),
        (
            "28,000 ifs that set a local",
            one(
                1,
                &[0x20, 0, 0x04, 0x40, 0x41, 1, 0x21, 0, 0x0b].repeat(28_000),
            ),
        ),
        ("50,000 functions", many(50_000, &[], Vec::new())),
        (
            "32,000 functions in a table",
            many(32_000, &[], elements(32_000)),
        ),
        (
            "250,000 elements",
            with(
                section(9, &join(&[&[1, 1, 0], &vector(250_000, |_| vec![0])])),
                0,
                &[],
            ),
        ),
        (
            "5,000 functions that take and give 1,000 values, in a table",
            wide_elements,
        ),
        ("250 exports of types of 1,000 values", wide_exports),
        ("22,500 functions in 900 modules", modules),
        ("two bytes 64 MiB apart", sparse),
    ]
}

/// The most memory that any process took that this one waited for, in bytes.
#[allow(unsafe_code, reason = "there is no safe `getrusage`")]
fn peak_of_children() -> u64 {
    // SAFETY: a structure of numbers, for which zeros are valid, and which the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage), 0);
        usage
    };
    usage.ru_maxrss as u64 * 1_024
}

#[test]
fn none_takes_more_than_it_may() {
    let compiler = env!("CARGO_BIN_EXE_wasm-runtime-compiler");
    let limits = CompileLimits::default()
        .memory(MEMORY)
        .cpu_time(Duration::from_secs(1))
        .wall_time(Duration::from_secs(600));
    let runtime = WasmRuntime::builder()
        .compiler(Compiler::Executable(compiler.into()))
        .compile_limits(limits)
        .cache_folder(CacheFolder::None)
        .build()
        .unwrap();
    let tokio = Runtime::new().unwrap();
    let error = |component: Vec<u8>| {
        assert!(component.len() < 256 << 10, "{} bytes", component.len());
        tokio.block_on(runtime.component(component)).unwrap_err()
    };
    let mut wrong = Vec::new();
    for (name, component) in refused() {
        match error(component) {
            Error::Compile(error) if error.to_string().contains("values times blocks") => {}
            other => wrong.push(format!("{name}: {other:?}")),
        }
    }
    for (name, component) in limited() {
        match error(component) {
            Error::CompileLimit(CompileLimit::Memory(_) | CompileLimit::CpuTime(_)) => {}
            other => wrong.push(format!("{name}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // And the pages of the executable, which it shares with others.
    let peak = peak_of_children();
    assert!(peak < MEMORY + (48 << 20), "{} MB", peak >> 20);
    println!("the most that any took: {} MB", peak >> 20);
}
