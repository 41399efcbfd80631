//! Which memory of a component lies in the module that has its flag.
//!
//! Wasmtime lays out what a memory begins with when it compiles, and maps it copy-on-write, only
//! for a module that imports no memory. The module that defines a component's memory imports the
//! flag's, once it has checks. So its memory, and what that begins with, move to the module that
//! defines the flag: it has no code.

use std::ops::Range;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{DataSection, MemoryType};
use wasmparser::{Data, DataKind, Operator, Parser, Payload, TypeRef};

use crate::error::Error;

/// A memory that a module defines, and the segments that it begins with, the module's first ones.
pub(super) struct MovedMemory {
    pub(super) ty: MemoryType,
    /// Offsets and contents.
    pub(super) data: Vec<(u32, Vec<u8>)>,
    /// Which of its component's modules had it, by index.
    pub(super) module: u32,
}

/// What is to be known of the modules in one component, without those in nested ones.
#[derive(Default)]
pub(super) struct Candidates {
    modules: Vec<Range<usize>>,
    /// For each module index, how often it is instantiated there.
    instances: Vec<u32>,
    /// Whether modules get here by other ways, or are passed on.
    has_others: bool,
}

impl Candidates {
    pub(super) fn module(&mut self, range: Range<usize>) {
        self.modules.push(range);
    }

    pub(super) fn instance(&mut self, module: u32) {
        let module = module as usize;
        if self.instances.len() <= module {
            self.instances.resize(module + 1, 0);
        }
        if let Some(count) = self.instances.get_mut(module) {
            *count += 1;
        }
    }

    /// A module has an index that is not defined here, or a second name.
    pub(super) fn other(&mut self) {
        self.has_others = true;
    }

    /// The memory that moves: that of the only module that has one, if there is one instance of it.
    pub(super) fn moved(&self, component: &[u8]) -> Result<Option<MovedMemory>, Error> {
        if self.has_others {
            return Ok(None);
        }
        let mut found = None;
        for (number, range) in (0_u32..).zip(&self.modules) {
            let binary = component.get(range.clone()).unwrap_or_default();
            match memory(binary, number)? {
                Defined::None => {}
                Defined::One(moved) if found.is_none() => found = Some(moved),
                Defined::One(_) | Defined::Others => return Ok(None),
            }
        }
        let instances = |moved: &MovedMemory| self.instances.get(moved.module as usize).copied();
        Ok(found.filter(|moved| instances(moved) == Some(1)))
    }
}

/// The memories that a module defines.
enum Defined {
    None,
    One(MovedMemory),
    /// Several, or one of another kind.
    Others,
}

fn memory(binary: &[u8], module: u32) -> Result<Defined, Error> {
    let mut found = Defined::None;
    let (mut imported, mut has_functions) = (0, false);
    for payload in Parser::new(0).parse_all(binary) {
        match payload.map_err(Error::compile)? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let ty = import.map_err(Error::compile)?.ty;
                    imported += u32::from(matches!(ty, TypeRef::Memory(_)));
                }
            }
            Payload::FunctionSection(section) => has_functions = section.count() > 0,
            Payload::MemorySection(section) => {
                for memory in section {
                    let ty = memory.map_err(Error::compile)?;
                    let is_plain = !ty.memory64 && !ty.shared && ty.page_size_log2.is_none();
                    // A module without functions gets no checks.
                    let moves = is_plain && imported == 0 && has_functions;
                    found = match found {
                        Defined::None if moves => Defined::One(MovedMemory {
                            ty: RoundtripReencoder.memory_type(ty).map_err(Error::compile)?,
                            data: Vec::new(),
                            module,
                        }),
                        _ => Defined::Others,
                    };
                }
            }
            Payload::DataSection(section) => {
                if let Defined::One(moved) = &mut found {
                    for segment in section {
                        let segment = segment.map_err(Error::compile)?;
                        // What comes later may overwrite it, and so must stay later.
                        let Some(offset) = constant_offset(&segment) else {
                            break;
                        };
                        moved.data.push((offset, segment.data.to_vec()));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn constant_offset(segment: &Data<'_>) -> Option<u32> {
    let DataKind::Active { offset_expr, .. } = &segment.kind else {
        return None;
    };
    let mut operators = offset_expr.get_operators_reader();
    match (operators.read().ok()?, operators.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => Some(value as u32),
        _ => None,
    }
}

impl MovedMemory {
    /// The segments, for the memory with this index.
    pub(super) fn segments(&self, memory: u32) -> DataSection {
        let mut section = DataSection::new();
        for (offset, data) in &self.data {
            let offset = wasm_encoder::ConstExpr::i32_const(*offset as i32);
            section.active(memory, &offset, data.iter().copied());
        }
        section
    }
}
