//! What a component can import.

use wasmtime::component::{Linker, Resource, WasmList};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::Rng;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

use super::StoreState;
use super::answer::answer;
use crate::interrupts::Flag;
use crate::protocol::reserved::{HOSTCALL_INTERFACE, INTERRUPTS_INTERFACE};

// With the version that Wasmtime gives them.
const INSECURE_SEED: &str = "wasi:random/insecure-seed@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";

/// WASI, the protocol's hostcall, and what components are compiled with.
pub(super) fn new(engine: &Engine) -> wasmtime::Result<Linker<StoreState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // Wasmtime's own gives an instance the same seed for ever, across the calls that it runs.
    linker.allow_shadowing(true);
    linker.instance(INSECURE_SEED)?.func_wrap(
        "insecure-seed",
        |mut store: StoreContextMut<'_, StoreState>, (): ()| {
            let seeds = &mut store.data_mut().seeds;
            Ok(((seeds.next_u64(), seeds.next_u64()),))
        },
    )?;
    // Pollables of streams may stay open at rest, so they are counted.
    let mut streams = linker.instance(STREAMS)?;
    streams.func_wrap(
        "[method]input-stream.subscribe",
        |mut store: StoreContextMut<'_, StoreState>, (stream,): (Resource<DynInputStream>,)| {
            Ok((store.data_mut().subscribe(stream)?,))
        },
    )?;
    streams.func_wrap(
        "[method]output-stream.subscribe",
        |mut store: StoreContextMut<'_, StoreState>, (stream,): (Resource<DynOutputStream>,)| {
            Ok((store.data_mut().subscribe(stream)?,))
        },
    )?;
    linker.allow_shadowing(false);
    linker.instance(INTERRUPTS_INTERFACE)?.func_wrap(
        "flag",
        |mut store: StoreContextMut<'_, StoreState>, (word,): (WasmList<u8>,)| {
            let flag = Flag::new(word.as_le_slice(&store));
            store.data_mut().add_flag(flag)
        },
    )?;
    let mut wire = linker.instance(HOSTCALL_INTERFACE)?;
    wire.func_wrap_async(
        "hostcall",
        |mut store: StoreContextMut<'_, StoreState>, (op, payload): (String, String)| {
            answer(store.data_mut(), op, payload)
        },
    )?;
    Ok(linker)
}
