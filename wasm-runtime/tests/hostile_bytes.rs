//! Bytes that pretend to be components: each is rejected with a typed error, or accepted and
//! harmless, and costs the process nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use wasm_runtime::{
    CacheFolder, CallError, CompileLimits, Compiler, Error, Limits, Op, ProgramError, WasmRuntime,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn runtime() -> WasmRuntime {
    let limits = Limits::default().memory(16 << 20);
    let compiler = env!("CARGO_BIN_EXE_wasm-runtime-compiler");
    // Enough for whatever is accepted, on a busy machine too.
    let compile = CompileLimits::default()
        .memory(2 << 30)
        .cpu_time(Duration::from_secs(120))
        .wall_time(Duration::from_secs(600));
    WasmRuntime::builder()
        .compiler(Compiler::Executable(compiler.into()))
        .compile_limits(compile)
        .cache_folder(CacheFolder::None)
        .limits(limits)
        .max_component_bytes(64 << 20)
        .build()
        .unwrap()
}

/// What becomes of `bytes`, in a line: the first words tell the kind of error.
async fn told(runtime: &WasmRuntime, bytes: Vec<u8>) -> String {
    let component = match runtime.component(bytes).await {
        Ok(component) => component,
        Err(Error::Compile(error)) => return format!("compile: {}", root(&*error)),
        Err(Error::Host(error)) => return format!("host: {}", error),
        Err(Error::NotAComponent { found }) => return format!("no component: {found:?}"),
        Err(Error::TooLarge { .. }) => return "too large".into(),
        Err(error) => panic!("{error}"),
    };
    let program = match component.program([Op::new("op")]).build().await {
        Ok(program) => program,
        Err(ProgramError::Run(CallError::Limit { exceeded, .. })) => {
            return format!("limit {:?}", exceeded.limit);
        }
        Err(ProgramError::Run(CallError::Failed { source, .. })) => {
            return format!("failed: {}", root(&*source));
        }
        Err(error) => return format!("init: {error}"),
    };
    match program.function("op").unwrap().call_raw("null").await {
        Ok(answer) => format!("ok {answer}"),
        Err(error) => format!("handle: {error}"),
    }
}

fn root(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// The sections of a component, by id.
fn sections(component: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = &component[COMPONENT.len()..];
    let mut sections = Vec::new();
    while let [id, after @ ..] = rest {
        let digits = after.iter().position(|byte| byte & 0x80 == 0).unwrap();
        let (digits, after) = after.split_at(digits + 1);
        let length = digits.iter().rev();
        let length = length.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        let (content, after) = after.split_at(length);
        sections.push((*id, content));
        rest = after;
    }
    sections
}

const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const NESTED: u8 = 4;
const COMPONENT_INSTANCE: u8 = 5;
const COMPONENT_TYPE: u8 = 7;
const EXPORT: u8 = 11;
const IMPORT: u8 = 10;

/// A module that speaks the protocol and has `more`. Nobody looks whether it is valid.
fn module(more: &str) -> Vec<u8> {
    let text = include_str!("hostile_bytes/speaking.wat").replace("{MODULE}", more);
    wat::parse_str(text).unwrap()
}

/// A component of such a module.
fn speaking(more: &str) -> Vec<u8> {
    static PLAIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/wit-wire.wit");
        let mut resolve = Resolve::default();
        let package = resolve.push_file(wit).unwrap();
        let world = resolve.select_world(&[package], Some("wit-wire")).unwrap();
        let mut module = module("");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let encoder = ComponentEncoder::default().module(&module);
        encoder.unwrap().encode().unwrap()
    });
    let mut hostile = Some(module(more));
    let sections = sections(&PLAIN).into_iter().flat_map(|(id, content)| {
        let first = hostile.take_if(|_| id == CORE_MODULE);
        section(id, first.as_deref().unwrap_or(content))
    });
    [COMPONENT, &sections.collect::<Vec<_>>()].concat()
}

/// The same with more sections at its end.
fn and(sections: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut component = speaking("");
    sections
        .into_iter()
        .for_each(|section| component.extend(section));
    component
}

/// A section that imports `count` resource types of no interface.
fn imports(count: usize) -> Vec<u8> {
    let import = |n: usize| {
        let name = format!("i{n}");
        [&[0], &*leb(name.len()), name.as_bytes(), &[3, 1]].concat()
    };
    let all = (0..count).flat_map(import);
    section(
        IMPORT,
        &leb(count).into_iter().chain(all).collect::<Vec<_>>(),
    )
}

fn repeated(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

/// The type of an instance that exports nothing and declares such a type, and so on.
fn nested_types(depth: usize) -> Vec<u8> {
    let within = [0x42, 1, 1].repeat(depth);
    [&*within, &[0x42, 0]].concat()
}

/// Bytes of a section: its id, its length, its content.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &*leb(content.len()), content].concat()
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

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The small component with another name for each `name`, as long as that.
fn renamed(name: &str, other: &str) -> Vec<u8> {
    let (mut component, name) = (speaking(""), name.as_bytes());
    for at in 0..component.len() - name.len() {
        if component[at..].starts_with(name) {
            component[at..at + name.len()].copy_from_slice(other.as_bytes());
        }
    }
    component
}

/// The small component with its last section, of exports, once more.
fn twice() -> Vec<u8> {
    let component = speaking("");
    let exports = sections(&component)
        .into_iter()
        .rfind(|(id, _)| *id == EXPORT);
    and(exports.map(|(id, content)| section(id, content)))
}

/// Components in components, each of which instantiates the one in it twice.
fn doubled(depth: usize) -> Vec<u8> {
    let mut inner = COMPONENT.to_vec();
    for _ in 0..depth {
        let instances = section(COMPONENT_INSTANCE, &[2, 0, 0, 0, 0, 0, 0]);
        inner = [COMPONENT, &section(NESTED, &inner), &instances].concat();
    }
    inner
}

/// The first module or component there is, instantiated `times` times.
fn instances(times: u8) -> Vec<u8> {
    let instances = (0..times).flat_map(|_| [0, 0, 0]);
    std::iter::once(times).chain(instances).collect()
}

/// Components in components, `depth` of them.
fn nested(depth: usize) -> Vec<u8> {
    let mut lengths = vec![COMPONENT.len()];
    for level in 0..depth {
        let inner = lengths[level];
        lengths.push(COMPONENT.len() + 1 + leb(inner).len() + inner);
    }
    let outer = lengths.iter().rev().skip(1);
    let outer = outer.flat_map(|inner| [COMPONENT, &[NESTED], &leb(*inner)].concat());
    outer.chain(COMPONENT.iter().copied()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_of_anything_is_refused() {
    let runtime = runtime();
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let more = |module: &str| speaking(module);
    let func = |body: &str| more(&format!("(func {body})"));
    let deep = 100_000;
    let globals = wat(&format!(
        "(module {})",
        "(global (mut i64) (i64.const 1))".repeat(100_000)
    ));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing more", more(""), "ok null"),
        (
            "a thousand imports",
            and([imports(1_000)]),
            "host: the component imports i0, i1, i2, i3, i4, i5, i6, i7 and 992 more: a host offers",
        ),
        (
            "100,000 imports",
            and([imports(100_000)]),
            "host: the component imports i0, i1, i2, i3, i4, i5, i6, i7 and 99992 more: a host offers",
        ),
        (
            "a table of 2^32 - 1",
            more("(table 0xffffffff funcref)"),
            "limit Tables",
        ),
        (
            "a table of ten million",
            more("(table 10000000 funcref)"),
            "limit Tables",
        ),
        (
            "99 tables",
            more(&repeated(98, |_| "(table 0 funcref)".into())),
            "failed: resource limit exceeded: table count too high",
        ),
        (
            "101 tables",
            more(&repeated(101, |_| "(table 0 funcref)".into())),
            "compile: ",
        ),
        (
            "24 memories",
            more(&repeated(23, |_| "(memory 0)".into())),
            "failed: resource limit exceeded: memory count too high",
        ),
        ("a memory of 4 GiB", more("(memory 65536)"), "limit Memory"),
        ("a maximum of 4 GiB", more("(memory 1 65536)"), "ok null"),
        ("beyond 4 GiB", more("(memory 65537)").clone(), "compile: "),
        (
            "a 64-bit memory of 16 EiB",
            more("(memory i64 0x1000000000000)"),
            "limit Memory",
        ),
        ("a 64-bit memory", more("(memory i64 1)"), "ok null"),
        ("a shared memory", more("(memory 1 1 shared)"), "compile: "),
        (
            "data beyond the memory",
            more("(data (i32.const 65535) \"ab\")"),
            "init: instantiate: the guest crashed",
        ),
        (
            "a megabyte of data",
            more(&format!(
                "(memory 32) (data (memory 1) (i32.const 0) \"{}\")",
                "x".repeat(1 << 20)
            )),
            "ok null",
        ),
        (
            "100,000 functions",
            more(&repeated(100_000, |_| "(func)".into())),
            "ok null",
        ),
        (
            "1,000,001 functions",
            more(&repeated(1_000_001, |_| "(func)".into())),
            "compile: component too large once expanded: 1000004 functions, limit 200000",
        ),
        (
            "50,001 locals",
            func(&format!("(local {})", "i64 ".repeat(50_001))),
            "compile: ",
        ),
        (
            "50,000 locals",
            func(&format!("(local {})", "i64 ".repeat(50_000))),
            "ok null",
        ),
        (
            "a million instructions",
            func(&"nop ".repeat(1_000_000)),
            "ok null",
        ),
        (
            "eight million instructions",
            func(&"nop ".repeat(8_000_000)),
            "compile: ",
        ),
        (
            "a million branches",
            more(&format!(
                "(func $start (br_table {} 0 (i32.const 7))) (start $start)",
                "0 ".repeat(1_000_000)
            )),
            "compile: Unsupported feature: `br_table` has 1000000 targets",
        ),
        (
            "1,001 parameters",
            func(&format!("(param {})", "i32 ".repeat(1_001))),
            "compile: ",
        ),
        (
            "a name of 100,001 bytes",
            more(&format!("(func (export \"{}\"))", "x".repeat(100_001))),
            "compile: ",
        ),
        (
            "a module name of megabytes",
            more(&format!("(@custom \"{}\" \"\")", "x".repeat(4 << 20))),
            "compile: ",
        ),
        (
            "99 components deep",
            nested(99),
            "host: not a wit-wire component: exports",
        ),
        (
            "300,000 components deep",
            nested(300_000),
            "compile: component too large once expanded: 300001 nested components, limit 100",
        ),
        (
            "1,001 modules",
            and((0..1_001).map(|_| section(CORE_MODULE, b"\0asm\x01\0\0\0"))),
            "compile: ",
        ),
        (
            "300 core instances",
            // Of the first module's memory, which none of them shares.
            and((0..300).map(|_| section(CORE_INSTANCE, &[1, 0, 0, 0]))),
            "failed: resource limit exceeded: ",
        ),
        (
            "a thousand loops within each other",
            func(&format!(
                "{}{}",
                "loop ".repeat(1_000),
                "end ".repeat(1_000)
            )),
            "ok null",
        ),
        (
            "and one more",
            func(&format!(
                "{}{}",
                "loop ".repeat(1_001),
                "end ".repeat(1_001)
            )),
            "compile: component too large once expanded: 1001 nested loops, limit 1000",
        ),
        ("no bytes", Vec::new(), "no component: Empty"),
        ("text", b"(component)".to_vec(), "no component: Unknown"),
        ("a core module", wat("(module)"), "no component: CoreModule"),
        ("zeros", vec![0; 64 << 20], "no component: Unknown"),
        ("more zeros", vec![0; 100 << 20], "too large"),
        (
            "a header and zeros",
            [COMPONENT, &[0; 1 << 20]].concat(),
            "compile: ",
        ),
        (
            "no export",
            COMPONENT.to_vec(),
            "host: not a wit-wire component: exports: expected the interface `metatype:wit-wire/mat-wire`, found nothing",
        ),
        (
            "another interface",
            renamed("mat-wire", "mat-wirf"),
            "host: not a wit-wire component: exports: expected the interface",
        ),
        (
            "a function of another name",
            renamed("handle", "handlf"),
            "host: not a wit-wire component: `metatype:wit-wire/mat-wire`: expected a function `handle`, found `init`, `handlf`",
        ),
        (
            "a case of another name",
            renamed("no-handler", "no-handlir"),
            "host: not a wit-wire component: export `metatype:wit-wire/mat-wire`, `handle` result.err: expected variant",
        ),
        ("all exports twice", twice(), "compile: "),
        (
            "two bytes a gigabyte apart",
            more(
                "(memory $m 16384) (data (memory $m) (i32.const 0) \"a\") (data (memory $m) (i32.const 0x3fffffff) \"b\")",
            ),
            "compile: component too large once expanded: 1073741824 bytes of sparse initial memory, limit 67108864",
        ),
        (
            "a function at the end of each of two large tables",
            more(&format!(
                "(func $f) {}",
                repeated(2, |at| format!(
                    "(table $t{at} 1000000 funcref) (elem (table $t{at}) (i32.const 999999) func $f)"
                ))
            )),
            "compile: component too large once expanded: 1999998 empty entries of initial tables, limit 1048576",
        ),
        (
            "types of instances, a thousand deep",
            and([section(
                COMPONENT_TYPE,
                &[&[1], &*nested_types(1_000)].concat(),
            )]),
            "compile: component too large once expanded: 1001 types within types, limit 100",
        ),
        (
            "types of instances, a hundred deep",
            and([section(
                COMPONENT_TYPE,
                &[&[1], &*nested_types(99)].concat(),
            )]),
            "ok null",
        ),
        (
            "a hundred thousand globals, a hundred times",
            and([section(CORE_MODULE, &globals)]
                .into_iter()
                .chain((0..100).map(|_| section(CORE_INSTANCE, &[1, 0, 1, 0])))),
            "compile: component too large once expanded: 10",
        ),
        (
            "2^20 component instances",
            doubled(20),
            "compile: component too large once expanded: 2097151 instances of components, limit 10000",
        ),
        (
            "a hundred thousand globals, 25 times in each of 40 components",
            [
                COMPONENT,
                &section(
                    NESTED,
                    &[
                        COMPONENT,
                        &section(CORE_MODULE, &globals),
                        &section(CORE_INSTANCE, &instances(25)),
                    ]
                    .concat(),
                ),
                &section(COMPONENT_INSTANCE, &instances(40)),
            ]
            .concat(),
            "compile: component too large once expanded: 100000000 functions and globals in module instances, limit 400000",
        ),
        (
            "ninety empty modules in each of ninety components in each of ninety",
            {
                let module = section(CORE_MODULE, b"\0asm\x01\0\0\0");
                let inner = [COMPONENT, &module, &section(CORE_INSTANCE, &instances(90))].concat();
                let middle = [
                    COMPONENT,
                    &section(NESTED, &inner),
                    &section(COMPONENT_INSTANCE, &instances(90)),
                ]
                .concat();
                [
                    COMPONENT,
                    &section(NESTED, &middle),
                    &section(COMPONENT_INSTANCE, &instances(90)),
                ]
                .concat()
            },
            "compile: component too large once expanded: 737190 definitions in instances of components, limit 200000",
        ),
    ];
    // Deeper than any parser that calls itself could go.
    let blocks = [("blocks", "block "), ("ifs", "i32.const 1 if ")];
    let blocks = blocks.map(|(name, open)| {
        (
            name,
            func(&format!("{}{}", open.repeat(deep), "end ".repeat(deep))),
        )
    });
    let mut count = 0;
    let mut slowest = (Duration::ZERO, "");
    let mut wrong = Vec::new();
    for (name, bytes) in blocks {
        assert_eq!(told(&runtime, bytes).await, "ok null", "{name}");
        count += 1;
    }
    for (name, bytes, expected) in cases {
        let began = Instant::now();
        let found = told(&runtime, bytes).await;
        slowest = slowest.max((began.elapsed(), name));
        if !found.starts_with(expected) || found.len() > 4096 {
            wrong.push(format!("{name}: expected {expected}, found {found:.400}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("hostile components: {count}, all refused or harmless; the slowest was {slowest:?}");
}

/// A small component with one byte changed or cut short, through the whole of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_may_be_wrong() {
    let runtime = runtime();
    let good = speaking("");
    assert_eq!(told(&runtime, good.clone()).await, "ok null");
    let mut kinds = BTreeMap::<String, usize>::new();
    let changed = (0..good.len()).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        bytes
    });
    let cut = (0..good.len()).map(|length| good[..length].to_vec());
    for bytes in changed.chain(cut) {
        let found = told(&runtime, bytes).await;
        let kind = found.split([':', ' ']).next().unwrap().to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.values().sum::<usize>(), 2 * good.len());
    assert_eq!(told(&runtime, good.clone()).await, "ok null");
    println!(
        "{} bytes, each changed and each cut at: {kinds:?}",
        good.len()
    );
}
