//! Files of the Python guest: has libc ask a library in the component instead of the host, once the
//! component is made.
//!
//! The library comes with a table of what it answers (`guest-glue/python/native/files/table.h`). In an
//! image the addresses of its functions do not change any more: so each function of libc that the
//! table names becomes one that calls the library's.

use std::collections::BTreeMap;
use std::convert::Infallible;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, CustomSection, Function, FunctionSection, Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, DataKind, ExternalKind, FuncType,
    FunctionSectionReader, Operator, Parser, Payload, TypeRef, TypeSectionReader,
};

use crate::core_module;

/// The beginning of its table in memory, and what is in each handle that it gives out.
const MAGIC: &[u8; 24] = b"wit-wire:files/table\0\0\0\0";
const OUR_HANDLE: i32 = 1 << 30;

/// The interfaces of which every function that libc imports has to be answered.
const ALL_ANSWERED: &str = "wasi:filesystem/";

/// The component with its libc asking the library.
pub(crate) fn redirect(component: &[u8]) -> Result<Vec<u8>> {
    let mut answers = answers(&memory(component)?)?;
    let is_libc = |module: &[u8]| Ok(Outline::read(module)?.is_libc());
    core_module::replace(component, "libc", is_libc, |libc| {
        with_answers(libc, std::mem::take(&mut answers))
    })
}

/// What the component's memory begins with.
fn memory(component: &[u8]) -> Result<Vec<u8>> {
    let mut memory = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let Payload::DataSection(section) = payload? else {
            continue;
        };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else {
                continue;
            };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                continue;
            };
            let start = usize::try_from(value)?;
            let end = start + data.data.len();
            if memory.len() < end {
                memory.resize(end, 0);
            }
            if let Some(place) = memory.get_mut(start..end) {
                place.copy_from_slice(data.data);
            }
        }
    }
    Ok(memory)
}

/// What the library does about a function of libc's.
#[derive(Clone, Copy)]
enum How {
    Instead,
    IfOurs,
    UnlessDone,
    Before,
    After,
}

struct Answer {
    how: How,
    /// Where its function is in the table of functions.
    function: i32,
}

impl Answer {
    /// The type of the library's function, from that of libc's.
    fn signature(&self, of_libc: &FuncType) -> Result<Signature> {
        let integers = |types: &[wasmparser::ValType]| {
            let integer = |ty: &wasmparser::ValType| match ty {
                wasmparser::ValType::I32 => Ok(ValType::I32),
                wasmparser::ValType::I64 => Ok(ValType::I64),
                other => bail!("it takes or returns {other}"),
            };
            types.iter().map(integer).collect::<Result<Vec<_>>>()
        };
        let (mut parameters, mut results) =
            (integers(of_libc.params())?, integers(of_libc.results())?);
        match self.how {
            How::Instead | How::IfOurs => {}
            How::UnlessDone | How::Before => results = vec![ValType::I32],
            How::After => parameters.splice(..0, results.clone()).for_each(drop),
        }
        Ok((parameters, results))
    }

    /// The code of a function that takes the place of libc's `original`, and calls the library's,
    /// whose type is `own`.
    fn code(&self, original: u32, own: u32, of_libc: &FuncType) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        let arguments = 0..u32::try_from(of_libc.params().len()).unwrap_or(u32::MAX);
        macro_rules! arguments {
            ($from:expr) => {
                for argument in arguments.clone().skip($from) {
                    code.local_get(argument);
                }
            };
        }
        macro_rules! ours {
            () => {
                code.i32_const(self.function).call_indirect(0, own)
            };
        }
        match self.how {
            How::Instead => {
                arguments!(0);
                ours!();
            }
            How::IfOurs => {
                code.local_get(0).i32_const(OUR_HANDLE).i32_and();
                code.if_(BlockType::Empty);
                arguments!(0);
                ours!().return_().end();
                arguments!(0);
                code.call(original);
            }
            How::UnlessDone => {
                arguments!(0);
                ours!().if_(BlockType::Empty).return_().end();
                arguments!(0);
                code.call(original);
            }
            How::Before => {
                arguments!(0);
                ours!();
                arguments!(1);
                code.call(original);
            }
            How::After => {
                arguments!(0);
                code.call(original);
                arguments!(0);
                ours!();
            }
        }
        code.end();
        function
    }
}

/// The library's table, by name.
fn answers(memory: &[u8]) -> Result<BTreeMap<String, Answer>> {
    let places = memory.windows(MAGIC.len()).enumerate();
    let places: Vec<_> = places.filter(|(_, bytes)| bytes == MAGIC).collect();
    let [(start, _)] = places[..] else {
        bail!("{} tables of answers in the image, not one", places.len());
    };
    let word = |at: usize| -> Result<usize> {
        let bytes = memory.get(at..at + 4).context("outside the memory")?;
        Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
    };
    let (count, entries) = (word(start + 24)?, word(start + 28)?);
    let mut answers = BTreeMap::new();
    for at in (0..count).map(|number| entries + number * 12) {
        let name = memory.get(word(at)?..).context("outside the memory")?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8(name.to_vec())?;
        let how = match word(at + 4)? {
            0 => How::Instead,
            1 => How::IfOurs,
            2 => How::UnlessDone,
            3 => How::Before,
            4 => How::After,
            other => bail!("{name}: no way {other} to answer it"),
        };
        let function = i32::try_from(word(at + 8)?)?;
        answers.insert(name, Answer { how, function });
    }
    Ok(answers)
}

/// What there is to know of a core module.
#[derive(Default)]
struct Outline {
    types: Vec<FuncType>,
    /// By index, imported ones first.
    functions: Vec<u32>,
    /// As in `wasi:io/poll#poll`, without a version; and exported ones by name.
    names: BTreeMap<String, u32>,
}

impl Outline {
    fn read(binary: &[u8]) -> Result<Self> {
        let mut outline = Self::default();
        for payload in Parser::new(0).parse_all(binary) {
            match payload? {
                Payload::TypeSection(section) => {
                    for ty in section.into_iter_err_on_gc_types() {
                        outline.types.push(ty?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let TypeRef::Func(ty) = import.ty else {
                            continue;
                        };
                        let interface = import.module.split('@').next().unwrap_or_default();
                        let index = u32::try_from(outline.functions.len())?;
                        outline
                            .names
                            .insert(format!("{interface}#{}", import.name), index);
                        outline.functions.push(ty);
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        outline.functions.push(ty?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            outline.names.insert(export.name.to_owned(), export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(outline)
    }

    fn is_libc(&self) -> bool {
        self.names
            .contains_key("wasi:filesystem/preopens#get-directories")
    }

    fn type_of(&self, function: u32) -> Result<(u32, &FuncType)> {
        let ty = *self.functions.get(function as usize).context("no type")?;
        Ok((ty, self.types.get(ty as usize).context("no type")?))
    }
}

type Signature = (Vec<ValType>, Vec<ValType>);

/// A module with functions at its end that are called instead of others.
#[derive(Default)]
struct Redirected {
    to: BTreeMap<u32, u32>,
    types: Vec<Signature>,
    /// The type of each, and its code.
    functions: Vec<(u32, Function)>,
}

impl Reencode for Redirected {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(self.to.get(&function).copied().unwrap_or(function))
    }

    /// Those that number functions too, which keep their numbers.
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        module.section(&CustomSection {
            name: section.name().into(),
            data: section.data().into(),
        });
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_type_section(self, types, section)?;
        for (parameters, results) in self.types.drain(..) {
            types.ty().function(parameters, results);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        for (ty, _) in &self.functions {
            functions.function(*ty);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        for (_, function) in &self.functions {
            code.function(function);
        }
        Ok(())
    }
}

fn with_answers(libc: &[u8], mut answers: BTreeMap<String, Answer>) -> Result<Vec<u8>> {
    let outline = Outline::read(libc)?;
    let mut redirected = Redirected::default();
    for (name, index) in &outline.names {
        let Some(answer) = answers.remove(name) else {
            ensure!(
                !name.starts_with(ALL_ANSWERED),
                "libc asks for {name}, which the table of answers lacks"
            );
            continue;
        };
        let (ty, signature) = outline.type_of(*index)?;
        let own = answer.signature(signature)?;
        redirected.types.push(own);
        let own = u32::try_from(outline.types.len() + redirected.types.len() - 1)?;
        let code = answer.code(*index, own, signature);
        let added = outline.functions.len() + redirected.functions.len();
        redirected.to.insert(*index, u32::try_from(added)?);
        redirected.functions.push((ty, code));
    }
    ensure!(
        answers.is_empty(),
        "libc lacks what the table of answers has: {:?}",
        answers.keys()
    );
    let mut module = Module::new();
    redirected.parse_core_module(&mut module, Parser::new(0), libc)?;
    Ok(module.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// A component with a libc that has these imports of files and this function of its own, and
    /// with a table that has these names.
    fn component(imports: &[&str], answered: &[(&str, u32)]) -> Vec<u8> {
        let mut memory = MAGIC.to_vec();
        let entries = 1000_u32 + 32;
        let mut names = entries + 12 * u32::try_from(answered.len()).unwrap();
        let mut text = Vec::new();
        memory.extend(u32::try_from(answered.len()).unwrap().to_le_bytes());
        memory.extend(entries.to_le_bytes());
        for (name, how) in answered {
            for word in [names, *how, 7] {
                memory.extend(word.to_le_bytes());
            }
            text.extend(name.bytes().chain([0]));
            names += u32::try_from(name.len()).unwrap() + 1;
        }
        memory.extend(text);
        let escaped: String = memory.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let imports: String = imports
            .iter()
            .map(|name| {
                let (module, field) = name.split_once('#').unwrap();
                format!("(import \"{module}@0.2.0\" \"{field}\" (func (param i32)))")
            })
            .collect();
        let component = format!(
            "(component
                (core module (memory 1) (data (i32.const 1000) \"{escaped}\"))
                (core module
                    (import \"env\" \"t\" (table 1 funcref))
                    {imports}
                    (func (export \"fstat\") (param i32 i64) (result i32)
                        (call 0 (local.get 0)) (i32.const 1))
                    (elem declare func 0)
                    (elem (i32.const 0) func 0)))"
        );
        wat::parse_str(component).unwrap()
    }

    const PREOPENS: &str = "wasi:filesystem/preopens#get-directories";
    const DROP: &str = "wasi:filesystem/types#[resource-drop]descriptor";

    #[test]
    fn libc_asks_the_library() {
        let answered = [(PREOPENS, 0), ("wasi:io/poll#drop", 1), ("fstat", 4)];
        let before = component(&[PREOPENS, "wasi:io/poll#drop"], &answered);
        let after = redirect(&before).unwrap();
        wasmparser::Validator::new().validate_all(&after).unwrap();
        let text = instructions(&after);
        assert_eq!(text.matches("CallIndirect").count(), 3, "{text}");
        // What was there is still called: the imported one by the new one, which stands for it
        // elsewhere.
        assert_eq!(
            text.matches("Call { function_index: 1 }").count(),
            1,
            "{text}"
        );
        assert_eq!(
            text.matches("Call { function_index: 0 }").count(),
            0,
            "{text}"
        );
    }

    /// The instructions of all functions.
    fn instructions(component: &[u8]) -> String {
        let mut text = String::new();
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::CodeSectionEntry(body) = payload.unwrap() {
                for operator in body.get_operators_reader().unwrap() {
                    text.push_str(&format!("{:?}\n", operator.unwrap()));
                }
            }
        }
        text
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let error = |imports: &[&str], answered: &[(&str, u32)]| {
            redirect(&component(imports, answered))
                .unwrap_err()
                .to_string()
        };
        let missing = error(&[PREOPENS, DROP], &[(PREOPENS, 0)]);
        assert!(missing.contains(DROP), "{missing}");
        let unknown = error(&[PREOPENS], &[(PREOPENS, 0), ("statx", 0)]);
        assert!(unknown.contains("statx"), "{unknown}");
        let how = error(&[PREOPENS], &[(PREOPENS, 9)]);
        assert!(how.contains("9"), "{how}");
        let no_libc = error(&[DROP], &[(DROP, 0)]);
        assert!(no_libc.contains("libc"), "{no_libc}");
        let no_table = redirect(&wat::parse_str("(component)").unwrap()).unwrap_err();
        assert!(no_table.to_string().contains("0 tables"), "{no_table}");
    }
}
