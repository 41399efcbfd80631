//! Adds exports to a core module, so that its state can be reached from outside.

use wasm_encoder::{ExportKind, ExportSection, Module, RawSection, SectionId};
use wasmparser::{ExternalKind, Parser, Payload};

use super::outline::ModuleState;
use super::state_interface::{MEMORY, global};
use crate::error::Error;

/// An export to add: name, kind and index.
type Export = (String, ExportKind, u32);

/// The sections that come after the exports in the order of sections.
const AFTER_EXPORTS: [SectionId; 5] = [
    SectionId::Start,
    SectionId::Element,
    SectionId::Code,
    SectionId::Data,
    SectionId::DataCount,
];

/// The module `binary` with its memory and its mutable globals exported.
pub(super) fn export_state(binary: &[u8], state: &ModuleState) -> Result<Vec<u8>, Error> {
    let added = exports(state);
    if added.is_empty() {
        return Ok(binary.to_vec());
    }
    let mut output = Module::new();
    let mut is_done = false;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.map_err(Error::compile)?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        if let Payload::ExportSection(section) = &payload {
            let mut exports = ExportSection::new();
            for export in section.clone() {
                let export = export.map_err(Error::compile)?;
                if added.iter().any(|(name, ..)| name == export.name) {
                    return Err(taken("exports", export.name));
                }
                exports.export(export.name, kind(export.kind), export.index);
            }
            append(&mut exports, &added);
            output.section(&exports);
            is_done = true;
            continue;
        }
        // A module without exports gets the section in its place in the order.
        if !is_done && AFTER_EXPORTS.iter().any(|after| *after as u8 == id) {
            output.section(&only(&added));
            is_done = true;
        }
        let data = section_data(binary, &range)?;
        output.section(&RawSection { id, data });
    }
    if !is_done {
        output.section(&only(&added));
    }
    Ok(output.finish())
}

/// The bytes of a section.
pub(super) fn section_data<'a>(
    binary: &'a [u8],
    range: &std::ops::Range<usize>,
) -> Result<&'a [u8], Error> {
    binary
        .get(range.clone())
        .ok_or_else(|| Error::compile("a section reaches beyond the component"))
}

/// A module has a name that is added.
pub(super) fn taken(verb: &str, name: &str) -> Error {
    Error::compile(format!(
        "a module {verb} `{name}`, a name that is added when a component is compiled"
    ))
}

fn exports(state: &ModuleState) -> Vec<Export> {
    let memory = state
        .memory()
        .map(|index| (MEMORY.to_owned(), ExportKind::Memory, index));
    let globals = state
        .globals()
        .enumerate()
        .map(|(number, index)| (global(number), ExportKind::Global, index));
    memory.into_iter().chain(globals).collect()
}

fn only(added: &[Export]) -> ExportSection {
    let mut exports = ExportSection::new();
    append(&mut exports, added);
    exports
}

fn append(exports: &mut ExportSection, added: &[Export]) {
    for (name, kind, index) in added {
        exports.export(name, *kind, *index);
    }
}

pub(super) fn kind(kind: ExternalKind) -> ExportKind {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}
