//! Adds checks for interrupts to a core module: at each function entry and loop header, and before
//! each instruction that changes any number of bytes or entries.
//!
//! A check loads the flag, and if it is set, tries to let the flag's memory grow. That memory can't
//! grow, but the host is asked first, wherever the guest is at the moment: it stops the run or
//! makes it yield, and clears the flag. The guest's own code can't name the memory: it is imported
//! last, and the indices of the memories that the module defines are one higher.

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    BlockType, BranchHint, BranchHints, CodeSection, DataSection, EntityType, ExportSection,
    Function, ImportSection, MemArg, Module, RawSection, SectionId,
};
use wasmparser::{
    CodeSectionReader, FunctionBody, KnownCustom, Operator, Parser, Payload, TypeRef,
};

use super::exports::section_data;
use super::interrupts_interface as flag;
use crate::error::Error;

/// The module `binary` with checks. Of its custom sections only the names are kept: others may
/// speak of places in the code.
pub(super) fn checked_module(binary: &[u8]) -> Result<Vec<u8>, Error> {
    let mut output = Module::new();
    let mut checks = Checks::default();
    let mut has_imports = false;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.map_err(Error::compile)?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        if let Payload::CustomSection(section) = &payload {
            if !matches!(section.as_known(), KnownCustom::Name(_)) {
                continue;
            }
        } else if !has_imports && id != SectionId::Type as u8 {
            has_imports = true;
            let mut imports = ImportSection::new();
            if let Payload::ImportSection(section) = &payload {
                checks.count_imports(section)?;
                reencoded(checks.parse_import_section(&mut imports, section.clone()))?;
            }
            imports.import(flag::MODULE, flag::FLAG, EntityType::Memory(flag::MEMORY));
            output.section(&imports);
        }
        match payload {
            Payload::ImportSection(_) => {}
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                reencoded(checks.parse_export_section(&mut exports, section))?;
                output.section(&exports);
            }
            Payload::CodeSectionStart { range, .. } => {
                let data = section_data(binary, &range)?;
                let reader = wasmparser::BinaryReader::new(data, range.start);
                let section = CodeSectionReader::new(reader).map_err(Error::compile)?;
                let (code, hints) = checks.code(section)?;
                output.section(&hints).section(&code);
            }
            Payload::DataSection(section) => {
                let mut data = DataSection::new();
                reencoded(checks.parse_data_section(&mut data, section))?;
                output.section(&data);
            }
            _ => {
                let data = section_data(binary, &range)?;
                output.section(&RawSection { id, data });
            }
        }
    }
    Ok(output.finish())
}

#[derive(Default)]
struct Checks {
    imported_functions: u32,
    /// Which is the index of the flag's memory.
    imported_memories: u32,
}

impl Reencode for Checks {
    type Error = std::convert::Infallible;

    fn memory_index(&mut self, memory: u32) -> Result<u32, reencode::Error<Self::Error>> {
        Ok(match memory < self.imported_memories {
            true => memory,
            false => memory.saturating_add(1),
        })
    }
}

impl Checks {
    fn count_imports(
        &mut self,
        section: &wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for import in section.clone().into_imports() {
            match import.map_err(Error::compile)?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => self.imported_functions += 1,
                TypeRef::Memory(_) => self.imported_memories += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// The code with checks, and where these are, so that the compiler lays out their bodies away
    /// from the code that runs.
    fn code(
        &mut self,
        section: CodeSectionReader<'_>,
    ) -> Result<(CodeSection, BranchHints), Error> {
        let (mut code, mut hints) = (CodeSection::new(), BranchHints::new());
        for (number, body) in (self.imported_functions..).zip(section) {
            let body = body.map_err(Error::compile)?;
            let (function, checks) = reencoded(self.function(&body))?;
            code.function(&function);
            hints.function_hints(number, checks);
        }
        Ok((code, hints))
    }

    fn function(
        &mut self,
        body: &FunctionBody<'_>,
    ) -> Result<(Function, Vec<BranchHint>), reencode::Error<std::convert::Infallible>> {
        let mut function = utils::new_function_with_parsed_locals(self, body)?;
        let mut checks = vec![self.check(&mut function)];
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let is_loop = matches!(operator, Operator::Loop { .. });
            if is_bulk(&operator) {
                checks.push(self.check(&mut function));
            }
            function.instruction(&self.instruction(operator)?);
            if is_loop {
                checks.push(self.check(&mut function));
            }
        }
        Ok((function, checks))
    }

    fn check(&self, function: &mut Function) -> BranchHint {
        let memory = self.imported_memories;
        let at = MemArg {
            offset: 0,
            align: 2,
            memory_index: memory,
        };
        function.instructions().i32_const(0).i32_load(at);
        let hint = BranchHint {
            branch_func_offset: function.byte_len() as u32,
            branch_hint_value: 0,
        };
        let mut code = function.instructions();
        code.if_(BlockType::Empty);
        code.i32_const(1).memory_grow(memory).drop().end();
        hint
    }
}

/// Whether an instruction takes a time that its operands say.
fn is_bulk(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::MemoryCopy { .. }
            | O::MemoryFill { .. }
            | O::MemoryInit { .. }
            | O::TableCopy { .. }
            | O::TableFill { .. }
            | O::TableInit { .. }
    )
}

fn reencoded<T>(result: Result<T, reencode::Error<std::convert::Infallible>>) -> Result<T, Error> {
    result.map_err(Error::compile)
}
