//! The interface `wit-wire:instance/interrupts`, as `wit/instance-interrupts.wit` declares it, and
//! what a component needs to have a flag: a memory that holds it, and a module that tells the host
//! where that is.

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, CodeSection, Component,
    ComponentAliasSection, ComponentExportKind, ComponentImportSection, ComponentTypeRef,
    ComponentTypeSection, ComponentValType, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, InstanceSection, InstanceType, MemorySection, MemoryType,
    Module, ModuleArg, ModuleSection, PrimitiveValType, StartSection, TypeSection, ValType,
};

use super::moved_memory::MovedMemory;

/// The interface's name.
pub(super) const INTERFACE: &str = "wit-wire:instance/interrupts";

/// The name of the instance that core modules import the flag's memory from.
pub(super) const MODULE: &str = "wit-wire:interrupts";

/// The interface's function, and the memory in [`MODULE`].
pub(super) const FLAG: &str = "flag";

/// The component's own memory in [`MODULE`], if it [moved](super::moved_memory).
pub(super) const MOVED: &str = "memory";

/// The core instance that stands for [`MODULE`], and the instance of [`INTERFACE`].
pub(super) const INSTANCE: u32 = 0;

/// How many definitions of each kind [`define`] makes, which come before all others.
pub(super) const CORE_MODULES: u32 = 2;
pub(super) const CORE_INSTANCES: u32 = 3;
pub(super) const CORE_FUNCTIONS: u32 = 1;
pub(super) const CORE_MEMORIES: u32 = 1;
pub(super) const TYPES: u32 = 1;
pub(super) const FUNCTIONS: u32 = 1;
pub(super) const INSTANCES: u32 = 1;

/// A memory of one page, which can't grow: to try is to ask the host.
pub(super) const MEMORY: MemoryType = MemoryType {
    minimum: 1,
    maximum: Some(1),
    memory64: false,
    shared: false,
    page_size_log2: None,
};

/// Bytes of the flag, at the memory's begin.
const FLAG_BYTES: i32 = 4;

/// Defines the flag, as the first definitions of `component`, and the memory that `moved` there.
pub(super) fn define(component: &mut Component, moved: Option<&MovedMemory>) {
    let mut interface = InstanceType::new();
    interface
        .ty()
        .defined_type()
        .list(ComponentValType::Primitive(PrimitiveValType::U8));
    let word = [("word", ComponentValType::Type(0))];
    interface.ty().function().params(word).result(None);
    interface.export(FLAG, ComponentTypeRef::Func(1));
    let mut types = ComponentTypeSection::new();
    types.instance(&interface);
    let mut imports = ComponentImportSection::new();
    imports.import(INTERFACE, ComponentTypeRef::Instance(0));
    let mut host = ComponentAliasSection::new();
    host.alias(Alias::InstanceExport {
        instance: INSTANCE,
        kind: ComponentExportKind::Func,
        name: FLAG,
    });

    let mut memory = InstanceSection::new();
    let none: [(&str, ModuleArg); 0] = [];
    memory.instantiate(0, none);
    let mut flag = ComponentAliasSection::new();
    flag.alias(Alias::CoreInstanceExport {
        instance: INSTANCE,
        kind: ExportKind::Memory,
        name: FLAG,
    });

    let mut lowered = CanonicalFunctionSection::new();
    lowered.lower(0, [CanonicalOption::Memory(0)]);
    let mut teller = InstanceSection::new();
    teller.export_items([(FLAG, ExportKind::Func, 0)]);
    teller.instantiate(1, [(INTERFACE, ModuleArg::Instance(1))]);

    component
        .section(&types)
        .section(&imports)
        .section(&host)
        .section(&ModuleSection(&memory_module(moved)))
        .section(&memory)
        .section(&flag)
        .section(&lowered)
        .section(&ModuleSection(&teller_module()))
        .section(&teller);
}

/// Exports the flag's memory, and the one that moved.
fn memory_module(moved: Option<&MovedMemory>) -> Module {
    let mut memories = MemorySection::new();
    memories.memory(MEMORY);
    let mut exports = ExportSection::new();
    exports.export(FLAG, ExportKind::Memory, 0);
    if let Some(moved) = moved {
        memories.memory(moved.ty);
        exports.export(MOVED, ExportKind::Memory, 1);
    }
    let mut module = Module::new();
    module.section(&memories).section(&exports);
    if let Some(moved) = moved {
        module.section(&moved.segments(1));
    }
    module
}

/// Tells the host where the flag is, before any code of the component's own runs.
fn teller_module() -> Module {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I32], []);
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import(INTERFACE, FLAG, EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(1);
    let mut start = Function::new([]);
    let mut code = start.instructions();
    code.i32_const(0).i32_const(FLAG_BYTES).call(0).end();
    let mut code = CodeSection::new();
    code.function(&start);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&StartSection { function_index: 1 })
        .section(&code);
    module
}
