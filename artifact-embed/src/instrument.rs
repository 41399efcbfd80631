//! Gives a component the interface `wit-wire:instance/state` (`wit/instance-state.wit`), through which a host takes an
//! instance back to a state it had: where its memory lies, and whether a global changed.
//!
//! The component stays what it was, byte for byte, with two additions: its core modules export their memory and their
//! mutable globals, and one more module at the end imports them.

use std::collections::BTreeMap;
use std::ops::Range;

use wasm_encoder::{
    Alias, BlockType, CanonicalFunctionSection, CanonicalOption, CodeSection, Component,
    ComponentAliasSection, ComponentExportKind, ComponentExportSection, ComponentImportSection,
    ComponentInstanceSection, ComponentSectionId, ComponentTypeRef, ComponentTypeSection,
    ComponentValType, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, InstanceSection, InstructionSink, MemArg, MemoryType,
    Module, ModuleArg, ModuleSection, NestedComponentSection, PrimitiveValType, RawSection,
    SectionId, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Instance, Parser, Payload, TypeRef, Validator, WasmFeatures};

use crate::error::Error;
use crate::inspect::{Obstacle, inspect};

/// The interface's name.
pub(crate) const INTERFACE: &str = "wit-wire:instance/state";
/// What the additional exports of modules are called: this and a number for globals.
const MEMORY: &str = "wit-wire:memory";
const GLOBAL: &str = "wit-wire:global";

type Result<T> = std::result::Result<T, Error>;

/// `component`, a binary, with the interface `wit-wire:instance/state`, through which a host takes an instance back to a state
/// it had. [`compile`](crate::compile) does this by itself; it is of use to who compiles by other means.
///
/// # Errors
///
/// [`Error::Obstacles`] with what [`inspect`] finds in the way.
pub fn instrument(component: &[u8]) -> Result<Vec<u8>> {
    let obstacles = inspect(component)?.obstacles;
    if !obstacles.is_empty() {
        return Err(Error::Obstacles(obstacles));
    }
    let mut found = Outline::read(component)?;
    // Of a module that is never instantiated.
    if found.state.memory.is_none() {
        return Err(Error::Obstacles([Obstacle::Memories(0)].into()));
    }
    let mut output = Component::new();
    for (id, range) in &found.sections {
        let data = bytes(component, range)?;
        if *id == ComponentSectionId::CoreModule as u8 {
            let module = found.modules.pop_front().unwrap_or_default();
            let data = with_exports(data, &module)?;
            output.section(&RawSection {
                id: *id,
                data: &data,
            });
        } else {
            output.section(&RawSection { id: *id, data });
        }
    }
    found.state.append(&mut output);
    Ok(output.finish())
}

fn bytes<'a>(all: &'a [u8], range: &Range<usize>) -> Result<&'a [u8]> {
    all.get(range.clone())
        .ok_or_else(|| Error::Compile("a section reaches beyond the component".into()))
}

fn broken(error: wasmparser::BinaryReaderError) -> Error {
    Error::Compile(Box::new(error))
}

/// What of a core module is its state.
#[derive(Default, Clone)]
struct CoreModule {
    imported_memories: u32,
    imported_globals: u32,
    memories: u32,
    /// Index and type of each mutable global.
    globals: Vec<(u32, ValType)>,
}

/// A component's sections, and what has to be known to add to them.
struct Outline {
    sections: Vec<(u8, Range<usize>)>,
    modules: std::collections::VecDeque<CoreModule>,
    state: State,
}

/// The state of an instance, by the core instances that hold it, and how many of each kind of thing the component has.
#[derive(Default)]
struct State {
    /// The core instance with the memory.
    memory: Option<u32>,
    /// The mutable globals by core instance.
    globals: BTreeMap<u32, Vec<ValType>>,
    core_modules: u32,
    core_instances: u32,
    core_functions: u32,
    core_memories: u32,
    components: u32,
    types: u32,
    functions: u32,
    instances: u32,
}

impl Outline {
    fn read(component: &[u8]) -> Result<Self> {
        let mut found = Self {
            sections: Vec::new(),
            modules: Default::default(),
            state: State::default(),
        };
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut depth = 0_usize;
        let mut in_module = false;
        // The core instance of each module that has one.
        let mut instances = BTreeMap::new();
        let mut core_instances = 0;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(broken)?;
            if depth == 0
                && let Some((id, range)) = payload.as_section()
            {
                found.sections.push((id, range));
            }
            match &payload {
                Payload::ModuleSection { .. } => {
                    depth += 1;
                    in_module = true;
                    found.modules.push_back(CoreModule::default());
                }
                Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) if depth > 0 => {
                    depth -= 1;
                    in_module = false;
                }
                Payload::End(_) => {
                    let types = validator.types(0);
                    let types = types.ok_or_else(|| Error::Compile("no types".into()))?;
                    found.state = State {
                        core_modules: types.module_count(),
                        core_instances: types.core_instance_count(),
                        core_functions: types.function_count(),
                        core_memories: types.memory_count(),
                        components: types.component_count(),
                        types: types.component_type_count(),
                        functions: types.component_function_count(),
                        instances: types.component_instance_count(),
                        ..State::default()
                    };
                }
                Payload::InstanceSection(section) if depth == 0 => {
                    for instance in section.clone() {
                        if let Instance::Instantiate { module_index, .. } =
                            instance.map_err(broken)?
                        {
                            instances.insert(module_index, core_instances);
                        }
                        core_instances += 1;
                    }
                }
                other if in_module => {
                    if let Some(module) = found.modules.back_mut() {
                        module.note(other)?;
                    }
                }
                _ => {}
            }
            validator.payload(&payload).map_err(broken)?;
        }
        // Another module index than those of the modules themselves is one more name for some of them.
        if found.state.core_modules as usize != found.modules.len() {
            return Err(Error::Obstacles([Obstacle::Nested].into()));
        }
        for (index, module) in (0..).zip(&found.modules) {
            // One that is never instantiated has no state.
            let Some(&instance) = instances.get(&index) else {
                continue;
            };
            if module.memories > 0 {
                found.state.memory = Some(instance);
            }
            let types: Vec<_> = module.globals.iter().map(|(_, ty)| *ty).collect();
            if !types.is_empty() {
                found.state.globals.insert(instance, types);
            }
        }
        Ok(found)
    }
}

impl CoreModule {
    fn note(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    match import.map_err(broken)?.ty {
                        TypeRef::Memory(_) => self.imported_memories += 1,
                        TypeRef::Global(_) => self.imported_globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(section) => self.memories += section.count(),
            Payload::GlobalSection(section) => {
                for (index, global) in (self.imported_globals..).zip(section.clone()) {
                    let ty = global.map_err(broken)?.ty;
                    let value = match ty.content_type {
                        wasmparser::ValType::I32 => ValType::I32,
                        wasmparser::ValType::I64 => ValType::I64,
                        wasmparser::ValType::F32 => ValType::F32,
                        wasmparser::ValType::F64 => ValType::F64,
                        wasmparser::ValType::V128 => ValType::V128,
                        // Mutable ones are an obstacle.
                        wasmparser::ValType::Ref(_) => continue,
                    };
                    if ty.mutable {
                        self.globals.push((index, value));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The module `binary` with its state exported.
fn with_exports(binary: &[u8], module: &CoreModule) -> Result<Vec<u8>> {
    let mut more = Vec::new();
    if module.memories > 0 {
        more.push((
            MEMORY.to_owned(),
            ExportKind::Memory,
            module.imported_memories,
        ));
    }
    for (number, (index, _)) in module.globals.iter().enumerate() {
        more.push((format!("{GLOBAL}{number}"), ExportKind::Global, *index));
    }
    if more.is_empty() {
        return Ok(binary.to_vec());
    }
    let mut output = Module::new();
    let mut is_done = false;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.map_err(broken)?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        if let Payload::ExportSection(section) = &payload {
            let mut exports = ExportSection::new();
            for export in section.clone() {
                let export = export.map_err(broken)?;
                if more.iter().any(|(name, ..)| name == export.name) {
                    let name = export.name;
                    let taken = format!(
                        "a module exports `{name}`, which is added when a component is compiled"
                    );
                    return Err(Error::Compile(taken.into()));
                }
                exports.export(export.name, kind(export.kind), export.index);
            }
            extend(&mut exports, &more);
            output.section(&exports);
            is_done = true;
            continue;
        }
        // One without exports has them before what follows in the order of sections.
        let follows = [
            SectionId::Start,
            SectionId::Element,
            SectionId::Code,
            SectionId::Data,
            SectionId::DataCount,
        ];
        if !is_done && follows.iter().any(|follows| *follows as u8 == id) {
            let mut exports = ExportSection::new();
            extend(&mut exports, &more);
            output.section(&exports);
            is_done = true;
        }
        let data = bytes(binary, &range)?;
        output.section(&RawSection { id, data });
    }
    if !is_done {
        let mut exports = ExportSection::new();
        extend(&mut exports, &more);
        output.section(&exports);
    }
    Ok(output.finish())
}

fn extend(exports: &mut ExportSection, more: &[(String, ExportKind, u32)]) {
    for (name, kind, index) in more {
        exports.export(name, *kind, *index);
    }
}

fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}

/// The functions of the module that is added, in the order of their indices.
const FUNCTIONS: [&str; 5] = ["memory", "memory-done", "grow", "mark", "changed"];

/// Those that the interface has.
const EXPORTS: [&str; 4] = ["memory", "grow", "mark", "changed"];

/// The types of [`EXPORTS`], after that of a list which is among them; `first` is its index.
fn function_types(first: u32) -> ComponentTypeSection {
    let mut types = ComponentTypeSection::new();
    let primitive = ComponentValType::Primitive;
    let (bool, u8, u32) = (
        primitive(PrimitiveValType::Bool),
        primitive(PrimitiveValType::U8),
        primitive(PrimitiveValType::U32),
    );
    let list = ComponentValType::Type(first);
    let none: [(&str, ComponentValType); 0] = [];
    types.defined_type().list(u8);
    types.function().params(none).result(Some(list));
    types.function().params([("pages", u32)]).result(Some(bool));
    types.function().params(none).result(None);
    types.function().params(none).result(Some(bool));
    types
}

/// A component that exports the functions that it is given.
fn interface() -> Component {
    let mut component = Component::new();
    component.section(&function_types(0));
    let mut imports = ComponentImportSection::new();
    let mut exports = ComponentExportSection::new();
    for (index, name) in (0..).zip(EXPORTS) {
        imports.import(name, ComponentTypeRef::Func(index + 1));
        exports.export(name, ComponentExportKind::Func, index, None);
    }
    component.section(&imports).section(&exports);
    component
}

impl State {
    /// Adds the module that reads the state, and exports its functions as the interface.
    fn append(&self, output: &mut Component) {
        let Some(memory) = self.memory else {
            return;
        };
        output.section(&ModuleSection(&self.module(memory)));

        let mut holders: Vec<u32> = self.globals.keys().copied().chain([memory]).collect();
        holders.sort_unstable();
        holders.dedup();
        let names: Vec<String> = holders.iter().map(u32::to_string).collect();
        let arguments = names.iter().zip(&holders);
        let arguments =
            arguments.map(|(name, instance)| (name.as_str(), ModuleArg::Instance(*instance)));
        let mut core_instances = InstanceSection::new();
        core_instances.instantiate(self.core_modules, arguments.collect::<Vec<_>>());
        output.section(&core_instances);

        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport {
            instance: memory,
            kind: ExportKind::Memory,
            name: MEMORY,
        });
        for name in FUNCTIONS {
            aliases.alias(Alias::CoreInstanceExport {
                instance: self.core_instances,
                kind: ExportKind::Func,
                name,
            });
        }
        output.section(&aliases);

        output.section(&function_types(self.types));

        let mut lifted = CanonicalFunctionSection::new();
        let (function, ty) = (self.core_functions, self.types + 1);
        let options = [
            CanonicalOption::Memory(self.core_memories),
            CanonicalOption::PostReturn(function + 1),
        ];
        lifted.lift(function, ty, options);
        for number in 1..4 {
            lifted.lift(function + number + 1, ty + number, []);
        }
        output.section(&lifted);

        // Not simply an instance of these exports: Wasmtime has those in another order each time, and then what it compiles
        // differs.
        output.section(&NestedComponentSection(&interface()));
        let mut instances = ComponentInstanceSection::new();
        let arguments = (self.functions..).zip(EXPORTS);
        let arguments = arguments.map(|(index, name)| (name, ComponentExportKind::Func, index));
        instances.instantiate(self.components, arguments.collect::<Vec<_>>());
        output.section(&instances);

        let mut exports = ComponentExportSection::new();
        exports.export(
            INTERFACE,
            ComponentExportKind::Instance,
            self.instances,
            None,
        );
        output.section(&exports);
    }

    /// A module that imports the memory and all mutable globals, and has a copy of each global.
    fn module(&self, memory: u32) -> Module {
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        types.ty().function([ValType::I32], []);
        types.ty().function([ValType::I32], [ValType::I32]);
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        for ty in [0, 1, 2, 3, 0] {
            functions.function(ty);
        }

        let mut imports = ImportSection::new();
        let any = MemoryType {
            minimum: 0,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        imports.import(&memory.to_string(), MEMORY, any);
        let mut watched = Vec::new();
        for (instance, globals) in &self.globals {
            for (number, &ty) in globals.iter().enumerate() {
                imports.import(
                    &instance.to_string(),
                    &format!("{GLOBAL}{number}"),
                    EntityType::Global(mutable(ty)),
                );
                watched.push(ty);
            }
        }
        let count = watched.len() as u32;
        let mut copies = GlobalSection::new();
        for &ty in &watched {
            copies.global(
                mutable(ty),
                &match ty {
                    ValType::I64 => ConstExpr::i64_const(0),
                    ValType::F32 => ConstExpr::f32_const(0_f32.into()),
                    ValType::F64 => ConstExpr::f64_const(0_f64.into()),
                    ValType::V128 => ConstExpr::v128_const(0),
                    _ => ConstExpr::i32_const(0),
                },
            );
        }
        // Two more: what stood in memory where the answer of `memory` stands while the host reads it.
        let (saved_offset, saved_length) = (2 * count, 2 * count + 1);
        copies.global(mutable(ValType::I32), &ConstExpr::i32_const(0));
        copies.global(mutable(ValType::I32), &ConstExpr::i32_const(0));

        let mut exports = ExportSection::new();
        for (index, name) in (0..).zip(FUNCTIONS) {
            exports.export(name, ExportKind::Func, index);
        }

        let mut code = CodeSection::new();
        let at = |offset| MemArg {
            offset,
            align: 2,
            memory_index: 0,
        };
        // The offset and the length of all memory, in its last eight bytes.
        code.function(&body(&[ValType::I32], |code| {
            code.memory_size(0).i32_const(16).i32_shl();
            code.i32_const(8).i32_sub().local_tee(0);
            code.i32_load(at(0)).global_set(saved_offset);
            code.local_get(0).i32_load(at(4)).global_set(saved_length);
            code.local_get(0).i32_const(0).i32_store(at(0));
            code.local_get(0);
            code.memory_size(0).i32_const(16).i32_shl();
            code.i32_store(at(4));
            code.local_get(0);
        }));
        code.function(&body(&[], |code| {
            code.local_get(0).global_get(saved_offset).i32_store(at(0));
            code.local_get(0).global_get(saved_length).i32_store(at(4));
        }));
        code.function(&body(&[], |code| {
            code.local_get(0).memory_grow(0).i32_const(-1).i32_ne();
        }));
        code.function(&body(&[], |code| {
            for index in 0..count {
                code.global_get(index).global_set(count + index);
            }
        }));
        code.function(&body(&[], |code| {
            for (index, ty) in (0..).zip(&watched) {
                code.block(BlockType::Empty);
                code.global_get(index);
                same_bits(code, *ty);
                code.global_get(count + index);
                same_bits(code, *ty);
                match ty {
                    ValType::I64 | ValType::F64 => code.i64_eq(),
                    ValType::V128 => code.v128_xor().v128_any_true().i32_eqz(),
                    _ => code.i32_eq(),
                };
                code.br_if(0).i32_const(1).return_().end();
            }
            code.i32_const(0);
        }));

        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&copies)
            .section(&exports)
            .section(&code);
        module
    }
}

fn mutable(val_type: ValType) -> GlobalType {
    GlobalType {
        val_type,
        mutable: true,
        shared: false,
    }
}

fn body(locals: &[ValType], write: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new(locals.iter().map(|ty| (1, *ty)));
    let mut code = function.instructions();
    write(&mut code);
    code.end();
    function
}

/// A float as its bits: one NaN is like another only so.
fn same_bits(code: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::F32 => code.i32_reinterpret_f32(),
        ValType::F64 => code.i64_reinterpret_f64(),
        _ => code,
    };
}
