//! How large a component becomes when it is compiled and instantiated, as far as its own size does not bound that.
//!
//! A component of some hundred bytes can ask for gigabytes: by two bytes of data at both ends of a large memory, which the compiler
//! lays out as one image; by components that instantiate each other, twice each; by a module of a million globals that
//! is instantiated again and again; by a million functions of four bytes, each of which costs the compiler five thousand; by loops
//! within loops, of which each costs it more than the one before; by components within components.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, ConstExpr, Data, DataKind, Encoding, Instance,
    Operator, Payload, TypeRef,
};

use crate::error::Error;

/// Bytes of initial memory between pieces of data, of all memories together, where there is more of it than of data.
const SPARSE_BYTES: u64 = 64 << 20;
/// Components within each other. Three hundred thousand of them, 3.6 MB, ended the process.
const DEPTH: u64 = 100;
/// Functions of all modules. A million of them took the compiler 5.4 GB and 45 s.
const FUNCTIONS: u64 = 200_000;
/// Loops within each other. A hundred thousand of them, 300 KB, kept the compiler for longer than a minute.
const LOOPS: u64 = 1_000;
/// Instances of components within each other.
const INSTANCES: u64 = 10_000;
/// What all these instances define: instances, aliases, functions that are lifted or lowered. A hundred thousand of them took the
/// compiler 223 MB and 1.5 s.
const DEFINITIONS: u64 = 200_000;
/// Functions and globals of all modules' instances, each of which takes some tens of bytes in every instance.
const ITEMS: u64 = 4_000_000;

/// What one instance of a component or module brings, with all that it instantiates.
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
    /// What is known here by number; `None` where it comes from elsewhere.
    modules: Vec<Option<Cost>>,
    components: Vec<Option<Cost>>,
    /// How many of a module's memories are imported.
    imported_memories: u32,
}

#[derive(Default)]
pub(crate) struct Extent {
    /// Each within the one before it.
    open: Vec<(Encoding, Level)>,
    /// The most there were at once.
    depth: u64,
    /// What the outermost one brings.
    whole: Cost,
    /// Instances of components and modules that come from elsewhere.
    foreign: u64,
    /// By module and memory, where its data begins and ends, and how much there is.
    data: BTreeMap<(u32, u32), (u64, u64, u64)>,
    /// The modules whose data is not laid out before they are instantiated.
    late: BTreeSet<u32>,
    modules: u32,
    functions: u64,
    /// What the function that is being read has open, and whether that is a loop.
    blocks: Vec<bool>,
    loops: u64,
    deepest: u64,
}

impl Extent {
    pub(crate) fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
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
                    // What is exported has another number from then on.
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
                            None => self.foreign += 1,
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
                            None => self.foreign += 1,
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
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                level.cost.items += u64::from(section.count());
            }
            Payload::GlobalSection(section) => level.cost.items += u64::from(section.count()),
            Payload::CodeSectionEntry(_) => {
                self.blocks.clear();
                self.loops = 0;
            }
            Payload::DataSection(section) => {
                let imported = level.imported_memories;
                for data in section.clone() {
                    self.lay_out(&data?, imported);
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
            (_, None) => self.whole = cost,
        }
    }

    /// The next operator of the function that was noted last.
    pub(crate) fn operator(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Loop { .. } => {
                self.blocks.push(true);
                self.loops += 1;
                self.deepest = self.deepest.max(self.loops);
            }
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                self.blocks.push(false);
            }
            Operator::End if self.blocks.pop() == Some(true) => self.loops -= 1,
            _ => {}
        }
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
            // Data at a place that is not known before has the compiler lay out none of the module.
            self.late.insert(self.modules);
            return;
        };
        let length = data.data.len() as u64;
        let end = start.saturating_add(length);
        let found = self.data.entry((self.modules, *memory_index));
        let (first, last, bytes) = found.or_insert((u64::MAX, 0, 0));
        if length > 0 {
            *first = start.min(*first);
            *last = end.max(*last);
            *bytes = bytes.saturating_add(length);
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let within = |what, found, limit| match found > limit {
            true => Err(Error::Expands { what, found, limit }),
            false => Ok(()),
        };
        let early = self
            .data
            .iter()
            .filter(|((module, _), _)| !self.late.contains(module));
        let spans = early.filter_map(|(_, (first, last, bytes))| {
            let span = last.saturating_sub(*first);
            (span >= bytes.saturating_mul(2)).then_some(span)
        });
        let sparse = spans.fold(0_u64, u64::saturating_add);
        within("bytes of sparse initial memory", sparse, SPARSE_BYTES)?;
        within("components within each other", self.depth, DEPTH)?;
        within("functions", self.functions, FUNCTIONS)?;
        within("loops within each other", self.deepest, LOOPS)?;
        within("instances of what it does not define", self.foreign, 0)?;
        let Cost {
            instances,
            definitions,
            items,
        } = self.whole;
        within("instances of components", instances, INSTANCES)?;
        within(
            "definitions in instances of components",
            definitions,
            DEFINITIONS,
        )?;
        within(
            "functions and globals in its modules' instances",
            items,
            ITEMS,
        )
    }
}

/// What stands under this number, unless it comes from elsewhere.
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
