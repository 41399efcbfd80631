//! Another SQLite for the module `_sqlite3` than the one that the interpreter has in it.
//!
//! In the finished component each function of SQLite that the module calls is replaced by a call of
//! the same function of `_wit_wire_sqlite`, which is linked in beside it. The rest of the
//! interpreter's SQLite, which nothing calls then, is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{CodeSection, Function, Module, RawSection, SectionId};
use wasmparser::{
    ElementItems, FunctionBody, Name, NameSectionReader, Operator, Parser, Payload, TypeRef,
};

use crate::{core_module, shell};

/// What stands before the places of the functions, in the image.
const MARK: &[u8; 16] = b"wit-wire:sqlite\0";

/// How the functions' names begin, and others' don't.
const PREFIX: &str = "sqlite3";

/// The interpreter is the module that has this function.
const KNOWN: &str = "sqlite3_open_v2";

pub(crate) fn replace(component: &[u8]) -> Result<Vec<u8>> {
    let list = shell::root().join("guest-glue/python/native/sqlite_functions.h");
    let list = fs::read_to_string(list)?;
    let names: Vec<_> = list
        .lines()
        .filter_map(|line| line.strip_prefix("FUNCTION(")?.strip_suffix(')'))
        .collect();
    let places = places(component, &names)?;

    let is_interpreter = |module: &[u8]| Ok(find(module, KNOWN.as_bytes()).is_some());
    core_module::replace(component, "the interpreter", is_interpreter, |module| {
        redirect(module, &places)
    })
}

/// Where in the table of functions those of `_wit_wire_sqlite` are, by name.
fn places<'a>(component: &[u8], names: &[&'a str]) -> Result<BTreeMap<&'a str, u32>> {
    let at = find(component, MARK).context("the image has no table of SQLite's functions")?;
    let table = component.get(at + MARK.len()..).unwrap_or_default();
    ensure!(
        find(table, MARK).is_none(),
        "the image has several tables of SQLite's functions"
    );
    let places = table.chunks_exact(4).map(|bytes| {
        let bytes = bytes.try_into().unwrap_or_default();
        u32::from_le_bytes(bytes)
    });
    let places: BTreeMap<_, _> = names.iter().copied().zip(places).collect();
    ensure!(
        !places.is_empty() && places.values().collect::<BTreeSet<_>>().len() == names.len(),
        "the image's table of SQLite's functions is broken"
    );
    Ok(places)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, part)
}

/// What of the interpreter's module the change needs to know.
#[derive(Default)]
struct Interpreter<'a> {
    /// How many parameters functions of each type have.
    parameters: Vec<u32>,
    imported: u32,
    types: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    names: BTreeMap<&'a str, u32>,
    exported: Vec<u32>,
    in_table: Vec<u32>,
}

impl<'a> Interpreter<'a> {
    fn read(module: &'a [u8]) -> Result<Self> {
        let mut it = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(types) => {
                    for ty in types.into_iter_err_on_gc_types() {
                        it.parameters.push(u32::try_from(ty?.params().len())?);
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        it.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(types) => {
                    for ty in types {
                        it.types.push(ty?);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == wasmparser::ExternalKind::Func {
                            it.exported.push(export.index);
                        }
                    }
                }
                Payload::StartSection { func, .. } => it.exported.push(func),
                Payload::ElementSection(elements) => {
                    for element in elements {
                        match element?.items {
                            ElementItems::Functions(functions) => {
                                for function in functions {
                                    it.in_table.push(function?);
                                }
                            }
                            ElementItems::Expressions(..) => {
                                bail!("the interpreter's table has expressions")
                            }
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => it.bodies.push(body),
                Payload::CustomSection(section) if section.name() == "name" => {
                    let reader = wasmparser::BinaryReader::new(section.data(), 0);
                    for part in NameSectionReader::new(reader) {
                        if let Name::Function(names) = part? {
                            for name in names {
                                let name = name?;
                                it.names.insert(name.name, name.index);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(it)
    }

    fn body(&self, function: u32) -> Option<&FunctionBody<'a>> {
        self.bodies
            .get(function.checked_sub(self.imported)? as usize)
    }

    /// The functions from `first` on that nothing needs once `replaced` call others. A linker keeps
    /// a library's functions together, so that what is in the table of these is there for them.
    fn unneeded(&self, first: u32, replaced: &BTreeMap<u32, u32>) -> Result<BTreeSet<u32>> {
        let in_table = self.in_table.iter().filter(|function| **function < first);
        let mut next: Vec<_> = self.exported.iter().chain(in_table).copied().collect();
        let mut needed = BTreeSet::new();
        while let Some(function) = next.pop() {
            if !needed.insert(function) || replaced.contains_key(&function) {
                continue;
            }
            let Some(body) = self.body(function) else {
                continue;
            };
            for operator in body.get_operators_reader()? {
                if let Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } = operator?
                {
                    next.push(function_index);
                }
            }
        }
        let all = self.imported + u32::try_from(self.bodies.len())?;
        Ok((first..all)
            .filter(|function| !needed.contains(function))
            .collect())
    }
}

/// The interpreter's module, where functions of SQLite call those at `places` of the table.
fn redirect(module: &[u8], places: &BTreeMap<&str, u32>) -> Result<Vec<u8>> {
    let it = Interpreter::read(module)?;
    let all = it.names.iter().filter(|(name, _)| name.starts_with(PREFIX));
    let first = *all.map(|(_, index)| index).min().context("no SQLite")?;
    let mut replaced = BTreeMap::new();
    for (name, place) in places {
        let function = it.names.get(name);
        replaced.insert(
            *function.with_context(|| format!("no function {name}"))?,
            *place,
        );
    }
    let unneeded = it.unneeded(first, &replaced)?;

    let mut code = CodeSection::new();
    for (index, body) in (it.imported..).zip(&it.bodies) {
        if let Some(place) = replaced.get(&index) {
            let ty = it.types.get((index - it.imported) as usize);
            let ty = *ty.context("a function without a type")?;
            let mut function = Function::new([]);
            let mut instructions = function.instructions();
            let parameters = it.parameters.get(ty as usize).copied().unwrap_or_default();
            for parameter in 0..parameters {
                instructions.local_get(parameter);
            }
            instructions
                .i32_const(place.cast_signed())
                .call_indirect(0, ty)
                .end();
            code.function(&function);
        } else if unneeded.contains(&index) {
            let mut function = Function::new([]);
            function.instructions().unreachable().end();
            code.function(&function);
        } else {
            code.raw(body.as_bytes());
        }
    }
    let mut output = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match payload.as_section() {
            Some((id, _)) if id == SectionId::Code as u8 => {
                output.section(&code);
            }
            Some((id, range)) => {
                let data = module.get(range).unwrap_or_default();
                output.section(&RawSection { id, data });
            }
            None => {}
        }
    }
    Ok(output.finish())
}
