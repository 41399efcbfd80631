//! How large a component becomes when it is compiled and instantiated, as far as its own size does not bound that.
//!
//! A component of some hundred bytes can ask for gigabytes: by two bytes of data at both ends of a large memory, which the compiler
//! lays out as one image; by components that instantiate each other, twice each; by a module of a million globals that
//! is instantiated again and again; by a million functions of four bytes, each of which costs the compiler five thousand; by loops
//! within loops, of which each costs it more than the one before; by components within components.

use std::collections::BTreeMap;

use wasmparser::{
    BinaryReaderError, ComponentInstance, ConstExpr, Data, DataKind, Encoding, Instance, Operator,
    Payload,
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
/// Functions and globals of all modules' instances, each of which takes some tens of bytes in every instance.
const ITEMS: u64 = 4_000_000;

#[derive(Default)]
pub(crate) struct Extent {
    /// The components and modules that are being read, each within the one before it.
    open: Vec<Encoding>,
    /// The most there were at once.
    depth: u64,
    /// By module and memory, where its data begins and ends, and how much there is.
    data: BTreeMap<(u32, u32), (u64, u64, u64)>,
    modules: u32,
    /// How many component instances each component makes, where that is any, innermost last.
    components: Vec<u64>,
    /// An upper bound of how many there are in all.
    instances: u64,
    /// Functions and globals of the module that is being read, and of the largest.
    items: u64,
    largest: u64,
    module_instances: u64,
    functions: u64,
    /// What the function that is being read has open, and whether that is a loop.
    blocks: Vec<bool>,
    loops: u64,
    deepest: u64,
}

impl Extent {
    pub(crate) fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.open.push(*encoding);
                self.depth = self.depth.max(self.open.len() as u64);
                match encoding {
                    Encoding::Module => {
                        self.modules += 1;
                        self.items = 0;
                    }
                    Encoding::Component => self.components.push(1),
                }
            }
            Payload::End(_) => self.close(),
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let (ComponentInstance::Instantiate { .. }, Some(made)) =
                        (instance?, self.components.last_mut())
                    {
                        *made += 1;
                    }
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { .. } = instance? {
                        self.module_instances += 1;
                    }
                }
            }
            Payload::ImportSection(section) => self.add(section.count()),
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                self.add(section.count());
            }
            Payload::CodeSectionEntry(_) => {
                self.blocks.clear();
                self.loops = 0;
            }
            Payload::GlobalSection(section) => self.add(section.count()),
            Payload::DataSection(section) => {
                for data in section.clone() {
                    self.lay_out(&data?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.open.pop() == Some(Encoding::Component) {
            // Any of them may instantiate any other that stands before it.
            let made = self.components.pop().unwrap_or(1);
            self.instances = self.instances.max(1).saturating_mul(made);
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

    fn add(&mut self, items: u32) {
        self.items += u64::from(items);
        self.largest = self.largest.max(self.items);
    }

    fn lay_out(&mut self, data: &Data<'_>) {
        let DataKind::Active {
            memory_index,
            offset_expr,
        } = &data.kind
        else {
            return;
        };
        // Data at a place that is not known before is not laid out by the compiler.
        let Some(start) = constant(offset_expr) else {
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
        let spans = self.data.values().filter_map(|(first, last, bytes)| {
            let span = last.saturating_sub(*first);
            (span >= bytes.saturating_mul(2)).then_some(span)
        });
        let sparse = spans.fold(0_u64, u64::saturating_add);
        within("bytes of sparse initial memory", sparse, SPARSE_BYTES)?;
        within("components within each other", self.depth, DEPTH)?;
        within("functions", self.functions, FUNCTIONS)?;
        within("loops within each other", self.deepest, LOOPS)?;
        within("instances of components", self.instances, INSTANCES)?;
        let items = self.largest.saturating_mul(self.module_instances);
        within(
            "functions and globals in its modules' instances",
            items,
            ITEMS,
        )
    }
}

/// The value of an offset that is a constant.
fn constant(offset: &ConstExpr<'_>) -> Option<u64> {
    match offset.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}
