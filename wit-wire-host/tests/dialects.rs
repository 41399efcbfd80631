//! Which components are accepted, and what is said of those that are not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{compile, componentize, engine, guest, wit};
use wasmtime::component::Component;
use wit_component::dummy_module;
use wit_parser::{ManglingAndAbi, Resolve};
use wit_wire_host::{BuildError, CallError, Dialect, Host, Op, ProgramError};

/// A component of the world `wit-wire` in `wit`, which does nothing.
fn dummy(wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("wit-wire.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("wit-wire")).unwrap();
    componentize(
        dummy_module(&resolve, world, ManglingAndAbi::Standard32),
        wit,
    )
}

fn check(component: &[u8]) -> Result<Dialect, BuildError> {
    let engine = engine();
    let component = compile(&engine, component);
    Host::builder()
        .build(&engine)?
        .component(&component)
        .map(|component| component.dialect())
}

#[tokio::test]
async fn both_published_dialects_run() {
    for dialect in [Dialect::V1, Dialect::V1Hashed] {
        let component = guest(dialect);
        assert_eq!(check(&component).unwrap(), dialect);
        assert_eq!(check(&dummy(&wit(dialect))).unwrap(), dialect);

        let engine = engine();
        let component = compile(&engine, &component);
        let component = Host::builder()
            .build(&engine)
            .unwrap()
            .component(&component)
            .unwrap();
        let build = |ops: &[&'static str], version: &str| {
            component
                .program(ops.iter().map(|op| Op::new(*op)))
                .version(version)
                .build()
        };
        let echo = build(&["echo"], "0.0.1")
            .await
            .unwrap()
            .function("echo")
            .unwrap();
        assert_eq!(echo.call_raw("[1]").await.unwrap(), "[1]");

        let error = build(&["x refused", "echo"], "0.0.1").await.unwrap_err();
        let ProgramError::Run(CallError::UnexpectedOp { op }) = error else {
            panic!("{error}")
        };
        assert_eq!(op, "x refused");
        let error = build(&["echo"], "1").await.unwrap_err();
        let ProgramError::Run(CallError::VersionMismatch { guest, asked }) = error else {
            panic!("{error}")
        };
        assert_eq!([guest, asked], ["9.9.9", "1"]);
        let error = build(&[], "0.0.1").await.unwrap_err();
        let ProgramError::Run(CallError::Init { message }) = error else {
            panic!("{error}")
        };
        assert_eq!(message, "no ops");
    }
}

#[test]
fn other_worlds_are_refused_by_their_first_difference() {
    let v1 = wit(Dialect::V1);
    let hashed = wit(Dialect::V1Hashed);
    let guest = "export `metatype:wit-wire/mat-wire`";
    let cases = [
        (
            v1.replace("export mat-wire;", ""),
            "exports: expected the interface `metatype:wit-wire/mat-wire`, found nothing".to_owned(),
        ),
        (
            v1.replace("handle: func", "run: func"),
            "`metatype:wit-wire/mat-wire`: expected a function `handle`, found `init`, `run`".to_owned(),
        ),
        (
            v1.replace("mat-title: string,\n", ""),
            format!(
                "{guest}, `init` args.expected-ops[]: expected record {{ op-name, mat-title, mat-data-json }}, \
                 found record {{ op-name, mat-data-json }}"
            ),
        ),
        (
            v1.replace("metatype-version: string", "metatype-version: u32"),
            format!("{guest}, `init` args.metatype-version: expected string, found an unsigned integer"),
        ),
        (
            hashed.replace("metatype-version: string,\n    expected-ops: list<mat-info>", "expected-ops: list<mat-info>,\n    metatype-version: string"),
            format!(
                "{guest}, `init` args: expected record {{ metatype-version, expected-ops }}, \
                 found record {{ expected-ops, metatype-version }}"
            ),
        ),
        (
            v1.replace("handler-err(string)", "handler-err(string), worse"),
            format!(
                "{guest}, `handle` result.err: expected variant {{ no-handler, in-json-err(_), handler-err(_) }}, \
                 found variant {{ no-handler, in-json-err(_), handler-err(_), worse }}"
            ),
        ),
        (
            v1.replace("handle: func(req: handle-req) -> result<json-str, handle-err>", "handle: func(req: handle-req)"),
            format!("{guest}, `handle` result: expected result, found nothing more"),
        ),
        (
            v1.replace("json: string) -> result<string, string>", "json: string) -> result<string>"),
            "import `metatype:wit-wire/typegate-wire`, `hostcall` result.err: expected string, found nothing more"
                .to_owned(),
        ),
    ];
    for (wit, expected) in cases {
        let error = check(&dummy(&wit))
            .err()
            .unwrap_or_else(|| panic!("accepted, but: {expected}"));
        let BuildError::Mismatch(mismatch) = error else {
            panic!("{error}")
        };
        assert_eq!(mismatch.to_string(), expected);
    }
}

#[test]
fn imports_that_no_host_offers_are_named() {
    let wit = wit(Dialect::V1)
        .replace("import typegate-wire;", "import typegate-wire;\n  import elsewhere;\n  import another;")
        .replace(
            "world wit-wire",
            "interface elsewhere {\n  go: func();\n}\n\ninterface another {\n  go: func();\n}\n\nworld wit-wire",
        );
    let error = check(&dummy(&wit)).unwrap_err();
    let BuildError::Imports { imports } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        imports,
        &["metatype:wit-wire/elsewhere", "metatype:wit-wire/another"]
    );
}

#[test]
fn an_engine_whose_guests_could_not_be_stopped_is_refused() {
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true).wasm_gc(false);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let error = Host::builder().build(&engine).unwrap_err();
    assert!(
        matches!(error, BuildError::Engine(why) if why.contains("epoch interruption")),
        "{error}"
    );
}

#[test]
fn a_component_that_could_not_be_stopped_is_refused() {
    let engine = engine();
    let unchecked = Component::new(&engine, guest(Dialect::V1)).unwrap();
    let host = Host::builder().build(&engine).unwrap();
    let error = host.component(&unchecked).unwrap_err();
    assert!(matches!(error, BuildError::Unchecked), "{error}");
}

#[test]
fn an_engine_whose_guests_may_test_types_is_refused() {
    let engine = wasmtime::Engine::default();
    let error = Host::builder().build(&engine).unwrap_err();
    assert!(error.to_string().contains("wasm_gc"), "{error}");
}

#[test]
fn an_engine_that_hands_memories_on_is_refused() {
    let mut config = wasmtime::Config::new();
    config
        .wasm_gc(false)
        .allocation_strategy(wasmtime::InstanceAllocationStrategy::pooling());
    let engine = wasmtime::Engine::new(&config).unwrap();
    let error = Host::builder().build(&engine).unwrap_err();
    assert!(
        matches!(error, BuildError::Engine(why) if why.contains("pooling allocator")),
        "{error}"
    );
}
