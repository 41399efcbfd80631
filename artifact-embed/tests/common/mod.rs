//! A small component, and archives of it.

#![allow(dead_code, reason = "each test file uses a part")]

use artifact_embed::{
    Archive, Effort, EngineConfig, Error, HOST_TARGET, Header, Loaded, Loader, compile,
};
use serde_json::Value;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, WasmList};

/// A component with one function, `answer`.
pub(crate) const COMPONENT: &[u8] = include_bytes!("answer.wasm");

pub(crate) fn archive() -> Vec<u8> {
    archive_for(&EngineConfig::default(), HOST_TARGET).unwrap()
}

pub(crate) fn archive_for(config: &EngineConfig, target: &str) -> Result<Vec<u8>, Error> {
    compile(COMPONENT, config, target)?.pack(Effort::Fast)
}

pub(crate) fn loader() -> Loader {
    Loader::new(&EngineConfig::default()).unwrap()
}

/// Loads bytes that a test made, or broke.
pub(crate) fn load(loader: &Loader, bytes: &[u8]) -> Result<Loaded, Error> {
    #[allow(unsafe_code, reason = "what loads at all was made by this test")]
    // SAFETY: the bytes come from `archive_for`; where a test changed them, they must be refused.
    let archive = unsafe { Archive::trust(bytes)? };
    loader.load(&archive)
}

/// What components with checks import.
pub(crate) fn linker(loader: &Loader) -> Linker<()> {
    let mut linker = Linker::new(loader.engine());
    let mut interrupts = linker.instance("wit-wire:instance/interrupts").unwrap();
    let flag = |_: StoreContextMut<'_, ()>, (_,): (WasmList<u8>,)| Ok(());
    interrupts.func_wrap("flag", flag).unwrap();
    linker
}

/// Runs the component's function.
pub(crate) fn answer(loader: &Loader, loaded: &Loaded) -> u32 {
    let mut store = wasmtime::Store::new(loader.engine(), ());
    let linker = linker(loader);
    let instance = linker.instantiate(&mut store, &loaded.component).unwrap();
    let function = instance
        .get_typed_func::<(), (u32,)>(&mut store, "answer")
        .unwrap();
    function.call(&mut store, ()).unwrap().0
}

/// The fields of an archive's header.
pub(crate) fn fields(archive: &[u8]) -> Value {
    let (_, payload) = Header::read(archive).unwrap();
    serde_json::from_slice(&archive[48..archive.len() - payload.len()]).unwrap()
}

/// The same archive with another header, whose digest is right.
pub(crate) fn with_header(archive: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (_, payload) = Header::read(archive).unwrap();
    let mut header = fields(archive);
    change(&mut header);
    let header = header.to_string().into_bytes();
    let mut changed = archive[..12].to_vec();
    changed.extend((header.len() as u32).to_le_bytes());
    changed.extend(blake3::hash(&header).as_bytes());
    changed.extend(header);
    changed.extend(payload);
    changed
}
