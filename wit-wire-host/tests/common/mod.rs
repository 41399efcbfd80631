//! A guest written by hand, as a component of either dialect, and hosts to run it.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::PathBuf;

use wasmtime::component::Component;
use wasmtime::{Config, Engine};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;
use wit_wire_host::{Dialect, Host, HostBuilder, Op, PoolConfig, Program, ResetPolicy};

pub(crate) const ALL_OPS: [&str; 9] = [
    "echo", "bad", "count", "h:add", "loop", "trap", "recurse", "grow", "utf8",
];

pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_gc(false);
    Engine::new(&config).unwrap()
}

/// The WIT text of a published dialect.
pub(crate) fn wit(dialect: Dialect) -> String {
    let file = match dialect {
        Dialect::V1 => "../wit/wit-wire.wit",
        Dialect::V1Hashed => "../wit/metatype/wit-wire.wit",
    };
    std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Turns a core module into a component of the world `wit-wire` of `wit`.
pub(crate) fn componentize(mut module: Vec<u8>, wit: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("wit-wire.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("wit-wire")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// Compiles a component with all that a host needs.
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Component {
    let instrumented = artifact_embed::instrument(component).unwrap();
    Component::new(engine, instrumented.component).unwrap()
}

/// The guest of `guest.wat` as a component.
pub(crate) fn guest(dialect: Dialect) -> Vec<u8> {
    guest_with(dialect, "")
}

/// The same with one more part of its module.
pub(crate) fn guest_with(dialect: Dialect, part: &str) -> Vec<u8> {
    let ops = "(param $ops i32) (param $ops_len i32)";
    let version = "(param $version i32) (param $version_len i32)";
    let (init, mat) = match dialect {
        Dialect::V1 => (format!("{ops} {version}"), "24"),
        Dialect::V1Hashed => (format!("{version} {ops}"), "32"),
    };
    let text = include_str!("guest.wat")
        .replace("{INIT}", &init)
        .replace("{MAT}", mat);
    let text = text.trim_end().strip_suffix(')').unwrap();
    let text = format!("{text} {part})");
    componentize(wat::parse_str(text).unwrap(), &wit(dialect))
}

/// A host that resets instances, or does not.
pub(crate) fn host(policy: ResetPolicy) -> HostBuilder {
    Host::builder().pool(PoolConfig::default().reset(policy))
}

/// The guest in a host.
pub(crate) fn component(host: HostBuilder) -> wit_wire_host::Component {
    let engine = engine();
    let component = compile(&engine, &guest(Dialect::V1));
    host.build(&engine).unwrap().component(&component).unwrap()
}

/// A program of the guest with all its ops and whatever else is named.
pub(crate) async fn program(host: HostBuilder, more: &[&str]) -> Program {
    let ops = ALL_OPS.iter().chain(more).map(|name| Op::new(*name));
    component(host).program(ops).build().await.unwrap()
}
