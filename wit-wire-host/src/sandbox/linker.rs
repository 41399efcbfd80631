//! What a component can import.

use wasmtime::component::Linker;
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::Rng;

use super::StoreState;
use super::answer::answer;
use crate::protocol::reserved::HOSTCALL_INTERFACE;

/// With the version that Wasmtime gives it.
const INSECURE_SEED: &str = "wasi:random/insecure-seed@0.2.12";

/// WASI and the protocol's hostcall.
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
    linker.allow_shadowing(false);
    let mut wire = linker.instance(HOSTCALL_INTERFACE)?;
    wire.func_wrap_async(
        "hostcall",
        |mut store: StoreContextMut<'_, StoreState>, (op, payload): (String, String)| {
            answer(store.data_mut(), op, payload)
        },
    )?;
    Ok(linker)
}
