//! Lets a host keep an instance's memory larger than its guest sees it.
//!
//! A memory can't shrink. So that an instance whose memory grew can be taken back, the size that
//! its guest sees is a number that the host sets back: a global of the module that has the memory.
//! In all modules, `memory.size` reads that number, and `memory.grow` calls a function that raises
//! it, and grows the memory itself only where that has no more room.
//!
//! Code that reads or writes beyond the size that it sees, within what the memory has, finds zeros
//! and does not trap.
//!
//! A host may limit what a guest sees. So it is asked about each growth: about one within the
//! memory by a growth that is impossible, to 4 GiB and as many bytes as the guest is to see, whose
//! failure means nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentSectionId, ConstExpr, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstanceSection,
    Instruction, Module, ModuleArg, RawSection, SectionId, TypeSection, ValType,
};
use wasmparser::{Instance, InstantiationArgKind, Operator, Parser, Payload, TypeRef};

use super::exports::{kind, section_data, taken};
use super::state_interface::{GROW, MEMORY, SIZE};
use crate::error::Error;

/// Pages that a memory with 32-bit addresses can have.
const MOST_PAGES: u32 = 1 << 16;

/// `component`, whose only memory is defined by a module that is instantiated once, with the size
/// of that memory in a global.
pub(super) fn add_virtual_size(component: &[u8]) -> Result<Vec<u8>, Error> {
    let plan = Plan::read(component)?;
    let Some(holder) = plan.modules.iter().position(|module| module.memory) else {
        return Ok(component.to_vec());
    };
    let Some(&holder_instance) = plan.instances.get(&(holder as u32)) else {
        return Ok(component.to_vec());
    };
    let mut modules = plan.modules.iter().enumerate();
    let mut output = Component::new();
    for (id, range) in &plan.sections {
        let data = section_data(component, range)?;
        if *id == ComponentSectionId::CoreModule as u8
            && let Some((number, module)) = modules.next()
        {
            let is_used = plan.instances.contains_key(&(number as u32));
            let data = match (number == holder, module.asks && is_used) {
                (false, false) => data.to_vec(),
                (is_holder, _) => rewrite(data, module, is_holder)?,
            };
            output.section(&RawSection {
                id: *id,
                data: &data,
            });
        } else if *id == ComponentSectionId::CoreInstance as u8 {
            let asks = |module: u32| {
                let asking = plan.modules.get(module as usize);
                module as usize != holder && asking.is_some_and(|module| module.asks)
            };
            output.section(&instances(data, asks, holder_instance)?);
        } else {
            output.section(&RawSection { id: *id, data });
        }
    }
    Ok(output.finish())
}

/// What has to be known of a component.
#[derive(Default)]
struct Plan {
    sections: Vec<(u8, Range<usize>)>,
    modules: Vec<ModulePlan>,
    /// The core instance of each module that has one.
    instances: BTreeMap<u32, u32>,
}

/// What has to be known of a core module.
#[derive(Default)]
struct ModulePlan {
    types: u32,
    imported_functions: u32,
    functions: u32,
    imported_globals: u32,
    globals: u32,
    /// Whether it defines the memory.
    memory: bool,
    /// Pages that its memory begins with, and may have.
    pages: (u32, u32),
    /// Whether its code asks for the size of the memory, or grows it.
    asks: bool,
}

impl Plan {
    fn read(component: &[u8]) -> Result<Self, Error> {
        let mut plan = Self::default();
        let (mut depth, mut in_module) = (0_usize, false);
        let mut core_instances = 0;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload.map_err(Error::compile)?;
            if depth == 0
                && let Some(section) = payload.as_section()
            {
                plan.sections.push(section);
            }
            match &payload {
                Payload::ModuleSection { .. } => {
                    depth += 1;
                    in_module = true;
                    plan.modules.push(ModulePlan::default());
                }
                Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => {
                    depth = depth.saturating_sub(1);
                    in_module = false;
                }
                Payload::InstanceSection(section) if depth == 0 => {
                    for instance in section.clone() {
                        let instance = instance.map_err(Error::compile)?;
                        if let Instance::Instantiate { module_index, .. } = instance {
                            plan.instances.insert(module_index, core_instances);
                        }
                        core_instances += 1;
                    }
                }
                other if in_module => {
                    if let Some(module) = plan.modules.last_mut() {
                        module.note(other)?;
                    }
                }
                _ => {}
            }
        }
        Ok(plan)
    }
}

impl ModulePlan {
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), Error> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    self.types += group.map_err(Error::compile)?.types().len() as u32;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    match import.map_err(Error::compile)?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported_functions += 1,
                        TypeRef::Global(_) => self.imported_globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => self.functions += section.count(),
            Payload::GlobalSection(section) => self.globals += section.count(),
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    let memory = memory.map_err(Error::compile)?;
                    let pages = |count: u64| u32::try_from(count).unwrap_or(MOST_PAGES);
                    let most = memory.maximum.map_or(MOST_PAGES, pages);
                    self.memory = true;
                    self.pages = (pages(memory.initial), most.min(MOST_PAGES));
                }
            }
            Payload::CodeSectionEntry(body) if !self.asks => {
                for operator in body.get_operators_reader().map_err(Error::compile)? {
                    let operator = operator.map_err(Error::compile)?;
                    self.asks |= matches!(
                        operator,
                        Operator::MemorySize { .. } | Operator::MemoryGrow { .. }
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The core instances of `data`, a section, with one more argument for those of modules that
/// `asks` is true of: the instance with the memory.
fn instances(
    data: &[u8],
    asks: impl Fn(u32) -> bool,
    holder: u32,
) -> Result<InstanceSection, Error> {
    let reader = wasmparser::BinaryReader::new(data, 0);
    let section = wasmparser::InstanceSectionReader::new(reader).map_err(Error::compile)?;
    let mut output = InstanceSection::new();
    for instance in section {
        match instance.map_err(Error::compile)? {
            Instance::Instantiate { module_index, args } => {
                let mut arguments = Vec::new();
                for argument in &*args {
                    let InstantiationArgKind::Instance = argument.kind;
                    if argument.name == MEMORY && asks(module_index) {
                        return Err(taken("imports from", MEMORY));
                    }
                    arguments.push((argument.name, ModuleArg::Instance(argument.index)));
                }
                if asks(module_index) {
                    arguments.push((MEMORY, ModuleArg::Instance(holder)));
                }
                output.instantiate(module_index, arguments);
            }
            Instance::FromExports(exports) => {
                let exports = exports.iter();
                let exports = exports.map(|export| (export.name, kind(export.kind), export.index));
                output.export_items(exports.collect::<Vec<_>>());
            }
        }
    }
    Ok(output)
}

/// The module `binary` with the size in place of the memory's own.
fn rewrite(binary: &[u8], plan: &ModulePlan, is_holder: bool) -> Result<Vec<u8>, Error> {
    let mut module = Module::new();
    let mut rewriter = Rewriter { plan, is_holder };
    let rewritten = rewriter.parse_core_module(&mut module, Parser::new(0), binary);
    rewritten.map_err(|error| match error {
        reencode::Error::UserError(error) => error,
        other => Error::compile(other.to_string()),
    })?;
    Ok(module.finish())
}

/// Rewrites one module: the one that has the memory defines the global and the function, and the
/// others import them.
struct Rewriter<'a> {
    plan: &'a ModulePlan,
    is_holder: bool,
}

impl Rewriter<'_> {
    /// The index of the global.
    fn size(&self) -> u32 {
        let imported = self.plan.imported_globals;
        match self.is_holder {
            true => imported + self.plan.globals,
            false => imported,
        }
    }

    /// The index of the function.
    fn grow(&self) -> u32 {
        let imported = self.plan.imported_functions;
        match self.is_holder {
            true => imported + self.plan.functions,
            false => imported,
        }
    }

    fn add_type(types: &mut TypeSection) {
        types.ty().function([ValType::I32], [ValType::I32]);
    }

    fn add_imports(&self, imports: &mut ImportSection) {
        if !self.is_holder {
            imports.import(
                MEMORY,
                GROW,
                wasm_encoder::EntityType::Function(self.plan.types),
            );
            imports.import(MEMORY, SIZE, SIZE_TYPE);
        }
    }

    fn add_function(&self, functions: &mut FunctionSection) {
        if self.is_holder {
            functions.function(self.plan.types);
        }
    }

    fn add_global(&self, globals: &mut GlobalSection) {
        if self.is_holder {
            let (pages, _) = self.plan.pages;
            globals.global(SIZE_TYPE, &ConstExpr::i32_const(pages as i32));
        }
    }

    fn add_exports(&self, exports: &mut ExportSection) {
        if self.is_holder {
            exports.export(SIZE, ExportKind::Global, self.size());
            exports.export(GROW, ExportKind::Func, self.grow());
        }
    }

    fn add_code(&self, code: &mut CodeSection) {
        if self.is_holder {
            let (_, most) = self.plan.pages;
            code.function(&grow(most, self.size()));
        }
    }
}

const SIZE_TYPE: GlobalType = GlobalType {
    val_type: ValType::I32,
    mutable: true,
    shared: false,
};

/// The function that takes the place of `memory.grow`, of a memory that may have `most` pages.
fn grow(most: u32, size: u32) -> Function {
    let wanted = 1;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(0);
    code.i32_const(most as i32).global_get(size).i32_sub();
    code.i32_gt_u().if_(BlockType::Empty);
    code.i32_const(-1).return_().end();
    code.global_get(size)
        .local_get(0)
        .i32_add()
        .local_tee(wanted);
    code.memory_size(0).i32_le_u().if_(BlockType::Empty);
    // Asks the host.
    code.local_get(wanted)
        .i32_const(MOST_PAGES as i32)
        .i32_add();
    code.memory_size(0).i32_sub().memory_grow(0).drop();
    code.else_();
    code.local_get(wanted)
        .memory_size(0)
        .i32_sub()
        .memory_grow(0);
    code.i32_const(-1).i32_eq().if_(BlockType::Empty);
    code.i32_const(-1).return_().end();
    code.end();
    code.global_get(size);
    code.local_get(wanted).global_set(size);
    code.end();
    function
}

type Reencoded<T> = Result<T, reencode::Error<Error>>;

impl Reencode for Rewriter<'_> {
    type Error = Error;

    fn function_index(&mut self, index: u32) -> Reencoded<u32> {
        let is_after = !self.is_holder && index >= self.plan.imported_functions;
        Ok(index + u32::from(is_after))
    }

    fn global_index(&mut self, index: u32) -> Reencoded<u32> {
        let is_after = !self.is_holder && index >= self.plan.imported_globals;
        Ok(index + u32::from(is_after))
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Reencoded<Instruction<'a>> {
        match operator {
            Operator::MemorySize { .. } => Ok(Instruction::GlobalGet(self.size())),
            Operator::MemoryGrow { .. } => Ok(Instruction::Call(self.grow())),
            other => utils::instruction(self, other),
        }
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_type_section(self, types, section)?;
        Self::add_type(types);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_import_section(self, imports, section)?;
        self.add_imports(imports);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_function_section(self, functions, section)?;
        self.add_function(functions);
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_global_section(self, globals, section)?;
        self.add_global(globals);
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: wasmparser::Export<'_>,
    ) -> Reencoded<()> {
        if self.is_holder && [SIZE, GROW].contains(&export.name) {
            return Err(reencode::Error::UserError(taken("exports", export.name)));
        }
        utils::parse_export(self, exports, export)
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_export_section(self, exports, section)?;
        self.add_exports(exports);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Reencoded<()> {
        utils::parse_code_section(self, code, section)?;
        self.add_code(code);
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Reencoded<()> {
        // Places in code are others now.
        if section.name().starts_with("metadata.code.") {
            return Ok(());
        }
        utils::parse_custom_section(self, module, section)
    }

    /// Writes the sections that the module does not have.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Reencoded<()> {
        if !self.is_holder {
            return Ok(());
        }
        let is_here = |id: SectionId| {
            after.is_none_or(|after| order(after) < order(id))
                && before.is_none_or(|before| order(id) < order(before))
        };
        if is_here(SectionId::Type) {
            write(module, Self::add_type);
        }
        if is_here(SectionId::Function) {
            write(module, |section| self.add_function(section));
        }
        if is_here(SectionId::Global) {
            write(module, |section| self.add_global(section));
        }
        if is_here(SectionId::Export) {
            write(module, |section| self.add_exports(section));
        }
        if is_here(SectionId::Code) {
            write(module, |section| self.add_code(section));
        }
        Ok(())
    }
}

fn write<S: Default + wasm_encoder::Section>(module: &mut Module, fill: impl FnOnce(&mut S)) {
    let mut section = S::default();
    fill(&mut section);
    module.section(&section);
}

/// Where a section stands in a module.
fn order(id: SectionId) -> usize {
    const ORDER: [SectionId; 13] = [
        SectionId::Type,
        SectionId::Import,
        SectionId::Function,
        SectionId::Table,
        SectionId::Memory,
        SectionId::Tag,
        SectionId::Global,
        SectionId::Export,
        SectionId::Start,
        SectionId::Element,
        SectionId::DataCount,
        SectionId::Code,
        SectionId::Data,
    ];
    let place = ORDER.iter().position(|other| *other as u8 == id as u8);
    place.unwrap_or(ORDER.len())
}
