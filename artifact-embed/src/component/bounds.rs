//! Bounds on what a component becomes when it is compiled and instantiated, where its own size does
//! not bound that.
//!
//! A component of some hundred bytes can ask for gigabytes: by two bytes of data at both ends of a
//! large memory, which the compiler lays out as one image; by one entry at the end of each of many
//! large tables, for the same reason; by components that instantiate each other, twice each; by a
//! module of a million globals that is instantiated again and again; by a million functions of four
//! bytes, each of which costs the compiler five thousand; by nested loops, each of which costs it
//! more than the one around it; by functions with many values and many blocks, for which it keeps a
//! table of both; by locals, which are declared in runs; by nested components.
//!
//! This is the cheap half: it refuses what is known, with a reason. What is not known ends at the
//! limits of the process that compiles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wasmparser::{
    BinaryReaderError, BlockType, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, CompositeInnerType, ConstExpr, Data, DataKind,
    Element, ElementItems, ElementKind, Encoding, Instance, Operator, Payload, TypeRef,
};

use super::checked_module::is_bulk;
use crate::error::Error;

/// Bytes of initial memory spanned by data, of all memories that are less than half full.
const SPARSE_BYTES: u64 = 64 << 20;
/// Entries of initial tables that have no function, of all tables. Twenty-five tables of a million,
/// 423 bytes, became 131 MB of code, and as much again where it was loaded.
const SPARSE_ENTRIES: u64 = 1 << 20;
/// Depth of nested components. Three hundred thousand, 3.6 MB, ended the process.
const DEPTH: u64 = 100;
/// Types of components and instances within each other. A thousand, 4 KB, overflowed the stack of
/// the compiler, which reads them by recursion.
const TYPE_DEPTH: u64 = 100;
/// Functions of all modules. A million of them took the compiler 5.4 GB and 45 s.
const FUNCTIONS: u64 = 200_000;
/// Depth of nested loops. A hundred thousand, 300 KB, kept the compiler for longer than a minute.
const LOOPS: u64 = 1_000;
/// Values (parameters, locals, what blocks take and give) times basic blocks of a function. The
/// compiler keeps a table for each value, indexed by block: 1,000 blocks of 1,000 values, 8 KB,
/// took it 4 GB.
const VALUES_BY_BLOCKS: u64 = 50_000_000;
/// The blocks of a check for interrupts: the call, and what follows it.
const CHECK: u64 = 2;
/// Locals that functions declare. Four thousand functions of 50,000, 32 KB, took the compiler 13 s.
const LOCALS: u64 = 2_000_000;
/// Instances of components, nested ones included.
const INSTANCES: u64 = 10_000;
/// What all these instances define: instances, aliases, functions that are lifted or lowered. A
/// hundred thousand of them took the compiler 223 MB and 1.5 s.
const DEFINITIONS: u64 = 200_000;
/// Functions and globals of all modules' instances, each of which takes 16 to 32 bytes in every
/// instance.
const ITEMS: u64 = 400_000;

/// What one instance of a component or module costs, with all that it instantiates.
#[derive(Clone, Copy, Default)]
struct Cost {
    instances: u64,
    definitions: u64,
    items: u64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.definitions = self.definitions.saturating_add(other.definitions);
        self.items = self.items.saturating_add(other.items);
    }

    fn define(&mut self, count: u64) {
        self.definitions = self.definitions.saturating_add(count);
    }
}

/// A component or module that is being read.
#[derive(Default)]
struct Level {
    cost: Cost,
    /// The costs of the modules and components that have an index here; `None` for imported ones.
    modules: Vec<Option<Cost>>,
    components: Vec<Option<Cost>>,
    /// How many of a module's memories are imported.
    imported_memories: u32,
    /// For each type of a module, how many values it takes, and how many it takes and gives.
    types: Vec<(u64, u64)>,
    /// The parameters of the functions whose code is still to come.
    parameters: VecDeque<u64>,
}

/// Where a memory's data begins and ends, and how many bytes of it there are.
struct Span {
    first: u64,
    last: u64,
    bytes: u64,
}

/// Measures a component while it is read.
#[derive(Default)]
pub(super) struct Bounds {
    /// The component or module being read, preceded by those around it.
    open: Vec<(Encoding, Level)>,
    /// The greatest length of `open` so far.
    depth: u64,
    /// What the outermost component costs.
    root: Cost,
    /// Instances of imported components and modules.
    imported: u64,
    /// The data of memories, by module and memory.
    data: BTreeMap<(u32, u32), Span>,
    /// Where the last entry of a table is, and how many there are, by module and table.
    tables: BTreeMap<(u32, u32), (u64, u64)>,
    /// The modules whose data is laid out only when they are instantiated.
    deferred: BTreeSet<u32>,
    modules: u32,
    functions: u64,
    locals: u64,
    /// The open blocks of the function being read, and whether each is a loop.
    open_blocks: Vec<bool>,
    loops: u64,
    deepest: u64,
    /// The values and the basic blocks of the function being read, and the greatest product so far.
    values: u64,
    blocks: u64,
    values_by_blocks: u64,
}

impl Bounds {
    /// Takes the next part of the component into account.
    pub(super) fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        if let Payload::Version { encoding, .. } = payload {
            let mut level = Level::default();
            match encoding {
                Encoding::Module => self.modules += 1,
                Encoding::Component => level.cost.instances = 1,
            }
            self.open.push((*encoding, level));
            self.depth = self.depth.max(self.open.len() as u64);
            return Ok(());
        }
        if let Payload::ComponentAliasSection(section) = payload {
            for alias in section.clone() {
                self.alias(&alias?);
            }
        }
        let Some((_, level)) = self.open.last_mut() else {
            return Ok(());
        };
        match payload {
            Payload::End(_) => self.close(),
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => level.modules.push(None),
                        ComponentTypeRef::Component(_) => level.components.push(None),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    let index = export.index;
                    // An export is a new index of what it exports.
                    match export.kind {
                        ComponentExternalKind::Module => {
                            level.modules.push(known(&level.modules, index));
                        }
                        ComponentExternalKind::Component => {
                            level.components.push(known(&level.components, index));
                        }
                        _ => {}
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                level.cost.define(u64::from(section.count()));
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    level.cost.define(1);
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance?
                    {
                        match known(&level.components, component_index) {
                            Some(cost) => level.cost.add(cost),
                            None => self.imported += 1,
                        }
                    }
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    level.cost.define(1);
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        match known(&level.modules, module_index) {
                            Some(cost) => level.cost.add(cost),
                            None => self.imported += 1,
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                level.cost.items += u64::from(section.count());
                for import in section.clone().into_imports() {
                    if let TypeRef::Memory(_) = import?.ty {
                        level.imported_memories += 1;
                    }
                }
            }
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    level.types.extend(group?.into_types().map(|ty| {
                        let CompositeInnerType::Func(ty) = &ty.composite_type.inner else {
                            return (0, 0);
                        };
                        let (takes, gives) = (ty.params().len() as u64, ty.results().len() as u64);
                        (takes, takes + gives)
                    }));
                }
            }
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                level.cost.items += u64::from(section.count());
                for index in section.clone() {
                    let ty = level.types.get(index? as usize);
                    level
                        .parameters
                        .push_back(ty.map_or(0, |(takes, _)| *takes));
                }
            }
            Payload::GlobalSection(section) => level.cost.items += u64::from(section.count()),
            Payload::CodeSectionEntry(body) => {
                self.open_blocks.clear();
                self.loops = 0;
                self.blocks = 1 + CHECK;
                self.values = level.parameters.pop_front().unwrap_or(0);
                for locals in body.get_locals_reader()? {
                    let (count, _) = locals?;
                    self.locals += u64::from(count);
                    self.values += u64::from(count);
                }
            }
            Payload::DataSection(section) => {
                let imported = level.imported_memories;
                for data in section.clone() {
                    self.lay_out(&data?, imported);
                }
            }
            Payload::ElementSection(section) => {
                for element in section.clone() {
                    self.lay_out_element(&element?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        let outer = |count: u32| self.open.iter().rev().nth(count as usize);
        let (module, component) = match alias {
            ComponentAlias::Outer { kind, count, index } => match kind {
                ComponentOuterAliasKind::CoreModule => {
                    let found = outer(*count).and_then(|(_, at)| known(&at.modules, *index));
                    (Some(found), None)
                }
                ComponentOuterAliasKind::Component => {
                    let found = outer(*count).and_then(|(_, at)| known(&at.components, *index));
                    (None, Some(found))
                }
                _ => (None, None),
            },
            ComponentAlias::InstanceExport { kind, .. } => match kind {
                ComponentExternalKind::Module => (Some(None), None),
                ComponentExternalKind::Component => (None, Some(None)),
                _ => (None, None),
            },
            ComponentAlias::CoreInstanceExport { .. } => (None, None),
        };
        if let Some((_, level)) = self.open.last_mut() {
            level.cost.define(1);
            level.modules.extend(module);
            level.components.extend(component);
        }
    }

    fn close(&mut self) {
        let Some((encoding, Level { cost, .. })) = self.open.pop() else {
            return;
        };
        match (encoding, self.open.last_mut()) {
            (Encoding::Module, Some((_, around))) => around.modules.push(Some(cost)),
            (Encoding::Component, Some((_, around))) => around.components.push(Some(cost)),
            (_, None) => self.root = cost,
        }
    }

    /// Takes the next operator of the function noted last into account.
    pub(super) fn operator(&mut self, operator: &Operator<'_>) {
        use Operator as O;
        match operator {
            O::Loop { blockty } => {
                self.open_blocks.push(true);
                self.loops += 1;
                self.deepest = self.deepest.max(self.loops);
                // The loop, what follows it, and a check.
                self.block(*blockty, 2 + CHECK);
            }
            O::Block { blockty } => {
                self.open_blocks.push(false);
                self.block(*blockty, 1);
            }
            O::TryTable { try_table } => {
                self.open_blocks.push(false);
                self.block(try_table.ty, 1 + try_table.catches.len() as u64);
            }
            O::If { blockty } => {
                self.open_blocks.push(false);
                self.block(*blockty, 3);
            }
            O::BrIf { .. } | O::BrTable { .. } | O::BrOnNull { .. } | O::BrOnNonNull { .. } => {
                self.blocks += 1;
            }
            // The function's reference may have to be made first.
            O::CallIndirect { .. } => self.blocks += 2,
            operator if is_bulk(operator) => self.blocks += CHECK,
            O::End if self.open_blocks.pop() == Some(true) => self.loops -= 1,
            _ => {}
        }
        let product = self.values.saturating_mul(self.blocks);
        self.values_by_blocks = self.values_by_blocks.max(product);
    }

    /// Takes a block of the function into account, which becomes this number of basic blocks.
    fn block(&mut self, ty: BlockType, blocks: u64) {
        self.blocks += blocks;
        self.values += match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(index) => {
                let ty = self
                    .open
                    .last()
                    .map(|(_, module)| module.types.get(index as usize));
                ty.flatten()
                    .map_or(0, |(_, takes_and_gives)| *takes_and_gives)
            }
        };
    }

    fn lay_out(&mut self, data: &Data<'_>, imported: u32) {
        let DataKind::Active {
            memory_index,
            offset_expr,
        } = &data.kind
        else {
            return;
        };
        let start = constant(offset_expr).filter(|_| *memory_index >= imported);
        let Some(start) = start else {
            // If the place of some data is not known before, the compiler lays out none of the
            // module's.
            self.deferred.insert(self.modules);
            return;
        };
        let length = data.data.len() as u64;
        let end = start.saturating_add(length);
        let found = self.data.entry((self.modules, *memory_index));
        let span = found.or_insert(Span {
            first: u64::MAX,
            last: 0,
            bytes: 0,
        });
        if length > 0 {
            span.first = start.min(span.first);
            span.last = end.max(span.last);
            span.bytes = span.bytes.saturating_add(length);
        }
    }

    fn lay_out_element(&mut self, element: &Element<'_>) {
        let ElementKind::Active {
            table_index,
            offset_expr,
        } = &element.kind
        else {
            return;
        };
        let Some(start) = constant(offset_expr) else {
            return;
        };
        let length = u64::from(match &element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => expressions.count(),
        });
        let table = (self.modules, table_index.unwrap_or(0));
        let (last, entries) = self.tables.entry(table).or_default();
        *last = start.saturating_add(length).max(*last);
        *entries = entries.saturating_add(length);
    }

    /// Fails if the component, now read to its end, exceeds a bound.
    pub(super) fn check(&self) -> Result<(), Error> {
        let within = |what, found, limit| match found > limit {
            true => Err(Error::TooLarge {
                what: String::from(what),
                found,
                limit,
            }),
            false => Ok(()),
        };
        let laid_out = self
            .data
            .iter()
            .filter(|((module, _), _)| !self.deferred.contains(module));
        let spans = laid_out.filter_map(|(_, data)| {
            let span = data.last.saturating_sub(data.first);
            (span >= data.bytes.saturating_mul(2)).then_some(span)
        });
        let sparse = spans.fold(0_u64, u64::saturating_add);
        within("bytes of sparse initial memory", sparse, SPARSE_BYTES)?;
        let empty = self.tables.values();
        let empty = empty.map(|(last, entries)| last.saturating_sub(*entries));
        let empty = empty.fold(0_u64, u64::saturating_add);
        within("empty entries of initial tables", empty, SPARSE_ENTRIES)?;
        within("nested components", self.depth, DEPTH)?;
        within("functions", self.functions, FUNCTIONS)?;
        within("nested loops", self.deepest, LOOPS)?;
        within(
            "values times blocks of a function",
            self.values_by_blocks,
            VALUES_BY_BLOCKS,
        )?;
        within("locals of functions", self.locals, LOCALS)?;
        within(
            "instances of imported components and modules",
            self.imported,
            0,
        )?;
        let Cost {
            instances,
            definitions,
            items,
        } = self.root;
        within("instances of components", instances, INSTANCES)?;
        within(
            "definitions in instances of components",
            definitions,
            DEFINITIONS,
        )?;
        within("functions and globals in module instances", items, ITEMS)
    }
}

/// Fails if the types of this section may be nested too deep to be read.
pub(super) fn check_nesting(section: &[u8]) -> Result<(), Error> {
    // A type of a component or an instance within another begins with these bytes. Others that look
    // like them count too: there are few.
    let inner = section.windows(2);
    let inner = inner.filter(|bytes| matches!(bytes, [0x01, 0x41 | 0x42]));
    match inner.count() as u64 {
        found if found > TYPE_DEPTH => Err(Error::TooLarge {
            what: "types within types".to_owned(),
            found,
            limit: TYPE_DEPTH,
        }),
        _ => Ok(()),
    }
}

/// The cost of the module or component with this index, unless it is imported.
fn known(costs: &[Option<Cost>], index: u32) -> Option<Cost> {
    costs.get(index as usize).copied().flatten()
}

/// The value of an offset that is a constant.
fn constant(offset: &ConstExpr<'_>) -> Option<u64> {
    match offset.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}
