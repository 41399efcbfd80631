//! The interface through which a host reaches the state of an instance.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use artifact_embed::{Effort, EngineConfig, Error, HOST_TARGET, Obstacle, compile, instrument};
use common::{linker, load, loader};
use wasm_encoder::{
    Component, ComponentImportSection, ComponentTypeRef, ComponentTypeSection, GlobalType,
    ImportSection, InstanceType, Module, ModuleSection, NestedComponentSection, ValType,
};
use wasmtime::Store;
use wasmtime::component::{Instance, TypedFunc, WasmList};

/// `state.wat`.
const COMPONENT: &[u8] = include_bytes!("common/state.wasm");

const GLOBAL: GlobalType = GlobalType {
    val_type: ValType::I32,
    mutable: true,
    shared: false,
};

struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn new() -> Self {
        let loader = loader();
        let archive = compile(COMPONENT, &EngineConfig::default(), HOST_TARGET).unwrap();
        let loaded = load(&loader, &archive.pack(Effort::Fast).unwrap()).unwrap();
        let mut store = Store::new(loader.engine(), ());
        let instance = linker(&loader)
            .instantiate(&mut store, &loaded.component)
            .unwrap();
        Self { store, instance }
    }

    fn call(&mut self, name: &str) {
        let function: TypedFunc<(), ()> =
            self.instance.get_typed_func(&mut self.store, name).unwrap();
        function.call(&mut self.store, ()).unwrap();
    }

    fn state<P, R>(&mut self, name: &str, parameters: P) -> R
    where
        P: wasmtime::component::ComponentNamedList + wasmtime::component::Lower,
        R: wasmtime::component::ComponentNamedList + wasmtime::component::Lift + 'static,
        P: 'static,
    {
        let interface = self
            .instance
            .get_export_index(&mut self.store, None, "wit-wire:instance/state")
            .unwrap();
        let function = self
            .instance
            .get_export_index(&mut self.store, Some(&interface), name)
            .unwrap();
        let function: TypedFunc<P, R> = self
            .instance
            .get_typed_func(&mut self.store, function)
            .unwrap();
        function.call(&mut self.store, parameters).unwrap()
    }

    fn memory(&mut self) -> Vec<u8> {
        let (memory,): (WasmList<u8>,) = self.state("memory", ());
        memory.as_le_slice(&self.store).to_vec()
    }

    fn changed(&mut self) -> bool {
        self.state::<_, (bool,)>("changed", ()).0
    }
}

#[test]
fn a_host_sees_the_memory_and_whether_a_global_changed() {
    let mut guest = Guest::new();
    // The result overwrites the memory's last bytes while it is read, and they are restored then.
    let memory = guest.memory();
    assert_eq!(memory.len(), 65536);
    assert_eq!(memory.get(65528..).unwrap(), b"at rest!");
    guest.call("write");
    assert_eq!(guest.memory().get(4096), Some(&9));

    guest.state::<_, ()>("mark", ());
    assert!(!guest.changed());
    for change in [
        "set-small",
        "set-large",
        "set-half",
        "set-nan",
        "set-vector",
    ] {
        guest.call(change);
        assert!(guest.changed(), "{change}");
        guest.state::<_, ()>("mark", ());
        assert!(!guest.changed(), "{change}");
    }
    guest.call("unset-small");
    assert!(guest.changed());
    guest.call("set-small");
    assert!(!guest.changed());

    assert!(guest.state::<_, (bool,)>("grow", (2_u32,)).0);
    assert_eq!(guest.memory().len(), 3 * 65536);
    assert!(!guest.state::<_, (bool,)>("grow", (70_000_u32,)).0);
}

#[test]
fn what_has_no_such_state_has_an_obstacle() {
    let empty = b"\0asm\x0d\0\x01\0".as_slice();
    // One module with a memory, and no instance.
    let unused = include_bytes!("../../fuzz/corpus/component/not_instantiated.wasm");
    for component in [empty, unused] {
        let obstacles = instrument(component).unwrap().obstacles;
        assert!(obstacles.contains(&Obstacle::Memories(0)), "{obstacles:?}");
    }
    let error = instrument(b"no component").unwrap_err();
    assert!(matches!(error, Error::Compile(_)), "{error}");
}

/// Only this crate may declare what an instance's state is, and that it can be stopped.
#[test]
fn what_is_added_can_not_be_there_before() {
    let refused = |component: &[u8]| {
        let error = compile(component, &EngineConfig::default(), HOST_TARGET).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    };
    let whole = instrument(COMPONENT).unwrap().component;
    let mut imports = ComponentImportSection::new();
    imports.import(
        "wit-wire:instance/interrupts",
        ComponentTypeRef::Instance(0),
    );
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut inner = Component::new();
    inner.section(&types).section(&imports);
    let mut nested = Component::new();
    nested.section(&NestedComponentSection(&inner));
    for forged in [whole, nested.finish()] {
        let source = refused(&forged);
        assert!(
            source.starts_with("it imports `wit-wire:instance/interrupts`"),
            "{source}"
        );
    }
    let mut imports = ImportSection::new();
    imports.import("wit-wire:interrupts", "flag", GLOBAL);
    let mut module = Module::new();
    module.section(&imports);
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    let source = refused(&component.finish());
    assert!(
        source.starts_with("it imports `wit-wire:interrupts`"),
        "{source}"
    );
    let source = refused(include_bytes!("../../fuzz/corpus/component/own_names.wasm"));
    assert!(
        source.starts_with("a module exports `wit-wire:memory`"),
        "{source}"
    );
}

/// Functions, globals and memories that are added get the next indices, which code that is not valid
/// could name.
#[test]
fn code_that_names_what_is_added_is_refused() {
    for code in [
        "call 1",
        "call 2",
        "i32.const 9 global.set 1",
        "i32.const 0 i32.load 1 drop",
        "i32.const 1 memory.grow 1 drop",
        "i32.const 0 call_indirect (type 9)",
    ] {
        let text = format!(
            "(component (core module $m (memory (export \"memory\") 1) (table 1 funcref)
               (global (mut i32) (i32.const 0)) (func (export \"f\") {code}) (start 0))
             (core instance (instantiate $m)))"
        );
        let component = wat::parse_str(text).unwrap();
        let error = instrument(&component).unwrap_err();
        assert!(matches!(error, Error::Compile(_)), "{code}: {error}");
    }
}
