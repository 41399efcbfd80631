//! One core module, with constants where it had globals.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use wasm_encoder::{CodeSection, RawSection};
use wasmparser::{
    FunctionBody, GlobalSectionReader, ImportSectionReader, Imports, Operator, Parser, Payload,
    TypeRef,
};

use super::linkage::{Definition, Linkage, Module};
use super::reach::Reached;
use super::values::Value;
use crate::component::exports::section_data;
use crate::error::Error;

/// A function that nothing calls: no locals, `unreachable`.
const TRAP: [u8; 3] = [0x00, 0x00, END];

/// The instruction that ends an expression.
const END: u8 = 0x0b;

/// Whether a global is mutable, in the last byte of its type.
const MUTABLE: u8 = 1;

/// The bytes that replace a part of a module.
type Edit = (Range<usize>, Vec<u8>);

/// The module `binary`, number `index`, in which globals that nobody writes are immutable, code has
/// `values` instead of globals, and what can't run is a trap.
pub(super) fn fold<'a>(
    binary: &'a [u8],
    linkage: &Linkage<'_>,
    index: usize,
    reached: &Reached,
    values: &HashMap<Definition, Value>,
) -> Result<Cow<'a, [u8]>, Error> {
    // A module without an instance is nothing that runs.
    let Some(module) = linkage
        .modules
        .get(index)
        .filter(|module| module.is_instantiated)
    else {
        return Ok(binary.into());
    };
    let folder = Folder {
        binary,
        index,
        module,
        reached,
        values,
    };
    let mut output = wasm_encoder::Module::new();
    let mut code = CodeSection::new();
    let mut left = module.bodies.len();
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.map_err(Error::compile)?;
        match &payload {
            Payload::CodeSectionEntry(body) => {
                let number = module.imported_functions.len() + module.bodies.len() - left;
                code.raw(&folder.body(number as u32, body)?);
                left -= 1;
                if left == 0 {
                    output.section(&code);
                }
                continue;
            }
            Payload::CodeSectionStart { .. } => continue,
            // Its places are those of the code as it was.
            Payload::CustomSection(section) if section.name().starts_with("metadata.code.") => {
                continue;
            }
            _ => {}
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let edits = match &payload {
            Payload::ImportSection(section) => folder.imports(section.clone(), range.end)?,
            Payload::GlobalSection(section) => folder.globals(section.clone())?,
            _ => Vec::new(),
        };
        let data = folder.edited(range, edits)?;
        output.section(&RawSection { id, data: &data });
    }
    Ok(output.finish().into())
}

struct Folder<'a> {
    binary: &'a [u8],
    index: usize,
    module: &'a Module<'a>,
    reached: &'a Reached,
    values: &'a HashMap<Definition, Value>,
}

impl<'a> Folder<'a> {
    /// This part of the module with `edits`, which are in the order of their places.
    fn edited(&self, range: Range<usize>, edits: Vec<Edit>) -> Result<Cow<'a, [u8]>, Error> {
        if edits.is_empty() {
            return Ok(section_data(self.binary, &range)?.into());
        }
        let mut output = Vec::with_capacity(range.len());
        let mut at = range.start;
        for (place, bytes) in edits {
            output.extend_from_slice(section_data(self.binary, &(at..place.start))?);
            output.extend_from_slice(&bytes);
            at = place.end;
        }
        output.extend_from_slice(section_data(self.binary, &(at..range.end))?);
        Ok(output.into())
    }
}

impl Folder<'_> {
    /// Whether some code writes the global with this index.
    fn is_written(&self, global: u32) -> bool {
        let global = self.module.global(self.index, global);
        self.reached.written.contains(&global)
    }

    /// The value of the global with this index, if it never has another.
    fn value(&self, global: u32) -> Option<Value> {
        let global = self.module.global(self.index, global);
        self.values.get(&global).copied()
    }

    /// Makes imported globals immutable. `end` is where the section ends.
    fn imports(&self, section: ImportSectionReader<'_>, end: usize) -> Result<Vec<Edit>, Error> {
        // Where each entry begins, and whether it becomes immutable.
        let mut entries = Vec::new();
        let mut globals = 0;
        for imports in section {
            let Imports::Single(start, import) = imports.map_err(Error::compile)? else {
                continue;
            };
            let becomes_immutable = match import.ty {
                TypeRef::Global(ty) => {
                    globals += 1;
                    ty.mutable && !self.is_written(globals - 1)
                }
                _ => false,
            };
            entries.push((start, becomes_immutable));
        }
        let ends = entries.iter().skip(1).map(|(start, _)| *start);
        let entries = entries.iter().zip(ends.chain([end]));
        let immutable = entries.filter(|((_, becomes_immutable), _)| *becomes_immutable);
        immutable.map(|(_, end)| self.immutable(end)).collect()
    }

    /// Makes globals immutable, and gives them their values as constants.
    fn globals(&self, section: GlobalSectionReader<'_>) -> Result<Vec<Edit>, Error> {
        let mut edits = Vec::new();
        for (index, global) in (self.module.imported_globals.len() as u32..).zip(section) {
            let global = global.map_err(Error::compile)?;
            let expression = global.init_expr.get_binary_reader().range();
            if global.ty.mutable && !self.is_written(index) {
                edits.push(self.immutable(expression.start)?);
            }
            if let Some(value) = self.value(index) {
                let mut bytes = value.instruction();
                bytes.push(END);
                edits.push((expression, bytes));
            }
        }
        Ok(edits)
    }

    /// Makes the global immutable whose type ends at `end`.
    fn immutable(&self, end: usize) -> Result<Edit, Error> {
        let place = end.saturating_sub(1)..end;
        let flags = section_data(self.binary, &place)?;
        let flags = flags.iter().map(|flags| flags & !MUTABLE).collect();
        Ok((place, flags))
    }

    fn body(&self, index: u32, body: &FunctionBody<'_>) -> Result<Cow<'_, [u8]>, Error> {
        let definition = Definition {
            module: self.index,
            index,
        };
        if !self.reached.functions.contains(&definition) {
            return Ok(TRAP.as_slice().into());
        }
        let mut edits: Vec<Edit> = Vec::new();
        let mut begun = None;
        let operators = body.get_operators_reader().map_err(Error::compile)?;
        for operator in operators.into_iter_with_offsets() {
            let (operator, at) = operator.map_err(Error::compile)?;
            if let Some((start, value)) = begun.take() {
                edits.push((start..at, Value::instruction(value)));
            }
            if let Operator::GlobalGet { global_index } = operator {
                begun = self.value(global_index).map(|value| (at, value));
            }
        }
        self.edited(body.range(), edits)
    }
}
