//! Adds checks for interrupts to a core module: at each function entry and loop header, and before
//! each instruction that changes any number of bytes or entries.
//!
//! Between two checks a guest executes each instruction of its code once at most: nobody gets back
//! to a loop's header or into a function again without passing one. So one that follows in any case
//! stands for those before it: a check waits for the first instruction that may go elsewhere. A
//! short function that calls none needs none.
//!
//! A check loads the flag, and if it is set, tries to let the flag's memory grow. That memory can't
//! grow, but the host is asked first, wherever the guest is at the moment: it stops the run or
//! makes it yield, and clears the flag. The guest's own code can't name the memory: it is imported
//! last, and the indices of the memories that the module defines are one higher.

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    BlockType, BranchHint, BranchHints, CodeSection, DataSection, EntityType, ExportSection,
    Function, FunctionSection, ImportSection, MemArg, MemoryType, Module, RawSection, TypeSection,
};
use wasmparser::{
    BinaryReader, CodeSectionReader, DataSectionReader, FunctionBody, ImportSectionReader,
    KnownCustom, Operator, Parser, Payload, TypeRef,
};

use super::exports::section_data;
use super::interrupts_interface as flag;
use super::moved_memory::MovedMemory;
use crate::error::Error;

/// Instructions that a check waits for at most.
const STRAIGHT: u32 = 1_000;
/// Instructions of a function that needs no check: as many as a check is worth.
const SHORT: u32 = 64;

type Reencoded<T> = Result<T, reencode::Error<Infallible>>;

/// The module `binary` with checks. Of its custom sections only the names are kept: others may
/// speak of places in the code.
///
/// If its memory `moved`, the module has that from where the flag's is.
pub(super) fn checked_module(binary: &[u8], moved: Option<&MovedMemory>) -> Result<Vec<u8>, Error> {
    let mut checks = Checks::read(binary)?;
    checks.moved = moved.map(|moved| (moved.ty, moved.data.len()));
    if checks.functions == 0 {
        return Ok(binary.to_vec());
    }
    let mut output = Module::new();
    let mut has_imports = false;
    for payload in Parser::new(0).parse_all(binary) {
        let payload = payload.map_err(Error::compile)?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        match &payload {
            Payload::CustomSection(section)
                if !matches!(section.as_known(), KnownCustom::Name(_)) =>
            {
                continue;
            }
            Payload::TypeSection(section) => {
                let mut types = TypeSection::new();
                reencoded(checks.parse_type_section(&mut types, section.clone()))?;
                types.ty().function([], []);
                output.section(&types);
                continue;
            }
            Payload::ImportSection(section) => {
                has_imports = true;
                checks.imports(&mut output, Some(section.clone()))?;
                continue;
            }
            _ if !has_imports => {
                has_imports = true;
                checks.imports(&mut output, None)?;
            }
            _ => {}
        }
        match payload {
            Payload::FunctionSection(section) => {
                let mut functions = FunctionSection::new();
                reencoded(checks.parse_function_section(&mut functions, section))?;
                functions.function(checks.types);
                output.section(&functions);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                reencoded(checks.parse_export_section(&mut exports, section))?;
                output.section(&exports);
            }
            Payload::CodeSectionStart { range, .. } => {
                let data = section_data(binary, &range)?;
                let reader = BinaryReader::new(data, range.start);
                let section = CodeSectionReader::new(reader).map_err(Error::compile)?;
                let (code, hints) = checks.code(section)?;
                output.section(&hints).section(&code);
            }
            Payload::MemorySection(_) if checks.moved.is_some() => {}
            Payload::DataSection(section) => {
                let data = checks.data(section)?;
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

/// What a module defines, which says at which indices more can be added.
#[derive(Default)]
struct Checks {
    types: u32,
    imported_functions: u32,
    functions: u32,
    imported_memories: u32,
    /// The memory that the module no longer defines, and how many of its segments went with it.
    moved: Option<(MemoryType, usize)>,
}

impl Reencode for Checks {
    type Error = Infallible;

    fn memory_index(&mut self, memory: u32) -> Reencoded<u32> {
        Ok(match memory < self.flag() {
            true => memory,
            false => memory.saturating_add(1),
        })
    }
}

impl Checks {
    fn read(binary: &[u8]) -> Result<Self, Error> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(binary) {
            match payload.map_err(Error::compile)? {
                Payload::TypeSection(section) => {
                    for group in section {
                        let group = group.map_err(Error::compile)?;
                        found.types += group.types().len() as u32;
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import.map_err(Error::compile)?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                                found.imported_functions += 1;
                            }
                            TypeRef::Memory(_) => found.imported_memories += 1,
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => found.functions = section.count(),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The index of the flag's memory, which is imported last.
    fn flag(&self) -> u32 {
        self.imported_memories + u32::from(self.moved.is_some())
    }

    /// The segments, of which those that moved are left without content: they keep their indices.
    fn data(&mut self, section: DataSectionReader<'_>) -> Result<DataSection, Error> {
        let moved = self.moved.map_or(0, |(_, segments)| segments);
        let mut data = DataSection::new();
        for (number, segment) in section.into_iter().enumerate() {
            let mut segment = segment.map_err(Error::compile)?;
            if number < moved {
                segment.data = &[];
            }
            reencoded(self.parse_data(&mut data, segment))?;
        }
        Ok(data)
    }

    fn imports(
        &mut self,
        output: &mut Module,
        section: Option<ImportSectionReader<'_>>,
    ) -> Result<(), Error> {
        let mut imports = ImportSection::new();
        if let Some(section) = section {
            reencoded(self.parse_import_section(&mut imports, section))?;
        }
        if let Some((ty, _)) = self.moved {
            imports.import(flag::MODULE, flag::MOVED, EntityType::Memory(ty));
        }
        imports.import(flag::MODULE, flag::FLAG, EntityType::Memory(flag::MEMORY));
        output.section(&imports);
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
        code.function(&self.look_up());
        Ok((code, hints))
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Reencoded<(Function, Vec<BranchHint>)> {
        let mut function = utils::new_function_with_parsed_locals(self, body)?;
        let mut checks = Vec::new();
        // Since the function or a loop began without a check, how many instructions there were.
        let mut due = (!is_short(body)?).then_some(0);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let is_loop = matches!(operator, Operator::Loop { .. });
            due = due.map(|due| due + 1);
            let is_due = due.is_some_and(|due| due > STRAIGHT || !goes_on(&operator));
            if is_due || is_bulk(&operator) {
                checks.push(self.check(&mut function));
                due = None;
            }
            function.instruction(&self.instruction(operator)?);
            if is_loop {
                due = Some(due.unwrap_or(0));
            }
        }
        Ok((function, checks))
    }

    fn check(&self, function: &mut Function) -> BranchHint {
        let at = MemArg {
            offset: 0,
            align: 2,
            memory_index: self.flag(),
        };
        function.instructions().i32_const(0).i32_load(at);
        let hint = BranchHint {
            branch_func_offset: function.byte_len() as u32,
            branch_hint_value: 0,
        };
        let look_up = self.imported_functions + self.functions;
        let mut code = function.instructions();
        code.if_(BlockType::Empty).call(look_up).end();
        hint
    }

    /// The function that asks the host, the last one. In its place at each check, what the
    /// instruction needs would be kept in registers throughout a loop.
    fn look_up(&self) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        code.i32_const(1).memory_grow(self.flag());
        code.drop().end();
        function
    }
}

/// Whether a function is done after a few instructions: it calls none and has no loop.
fn is_short(body: &FunctionBody<'_>) -> Result<bool, wasmparser::Error> {
    let mut operators = body.get_operators_reader()?;
    for _ in 0..SHORT {
        if operators.eof() {
            return Ok(true);
        }
        let operator = operators.read()?;
        let is_loop = matches!(operator, Operator::Loop { .. });
        if is_loop || is_call(&operator) || is_bulk(&operator) {
            return Ok(false);
        }
    }
    Ok(operators.eof())
}

fn is_call(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Call { .. }
            | O::CallIndirect { .. }
            | O::CallRef { .. }
            | O::ReturnCall { .. }
            | O::ReturnCallIndirect { .. }
            | O::ReturnCallRef { .. }
            | O::Resume { .. }
            | O::ResumeThrow { .. }
            | O::Suspend { .. }
            | O::Switch { .. }
    )
}

/// Whether what follows an instruction is always the next one, which nothing else leads to, and no
/// other function runs before it.
fn goes_on(operator: &Operator<'_>) -> bool {
    use Operator as O;
    !is_call(operator)
        && !matches!(
            operator,
            O::Unreachable
                | O::If { .. }
                | O::Else
                | O::End
                | O::Br { .. }
                | O::BrIf { .. }
                | O::BrTable { .. }
                | O::BrOnNull { .. }
                | O::BrOnNonNull { .. }
                | O::BrOnCast { .. }
                | O::BrOnCastFail { .. }
                | O::Return
                | O::Throw { .. }
                | O::ThrowRef
                | O::TryTable { .. }
                | O::Try { .. }
                | O::Catch { .. }
                | O::CatchAll
                | O::Delegate { .. }
                | O::Rethrow { .. }
        )
}

/// Whether an instruction takes a time that its operands say.
pub(super) fn is_bulk(operator: &Operator<'_>) -> bool {
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

fn reencoded<T>(result: Reencoded<T>) -> Result<T, Error> {
    result.map_err(Error::compile)
}
