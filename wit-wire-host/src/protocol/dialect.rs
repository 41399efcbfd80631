//! Which dialect of the protocol a component speaks, or the first place where it speaks none.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::types::{Case, Component, ComponentItem, Type};

use super::reserved::{GUEST_INTERFACE, HOSTCALL_INTERFACE, STATE_INTERFACE};

/// The dialects in which version 1 of the protocol was published (`wit/README.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// As published first: `mat-info` has three fields. New guests are written against this one.
    V1,
    /// As in the metatype repository since May 2024: `mat-info` has a `mat-hash` too.
    V1Hashed,
}

/// The first difference between a component's types and the protocol's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Where: an import or export, and the path inside its type.
    pub place: String,
    /// What the protocol has there.
    pub expected: String,
    /// What the component has there.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            expected,
            found,
        } = self;
        write!(f, "{place}: expected {expected}, found {found}")
    }
}

impl std::error::Error for Mismatch {}

/// A function's type, flattened: each place inside it and what stands there.
type Flat<P = &'static str, T = &'static str> = [(P, T)];

const HOSTCALL: &Flat = &[
    ("", "func(op-name, json)"),
    ("op-name", "string"),
    ("json", "string"),
    ("result", "result"),
    ("result.ok", "string"),
    ("result.err", "string"),
];

const HANDLE: &Flat = &[
    ("", "func(req)"),
    ("req", "record { op-name, in-json }"),
    ("req.op-name", "string"),
    ("req.in-json", "string"),
    ("result", "result"),
    ("result.ok", "string"),
    (
        "result.err",
        "variant { no-handler, in-json-err(_), handler-err(_) }",
    ),
    ("result.err.in-json-err", "string"),
    ("result.err.handler-err", "string"),
];

const INIT_V1: &Flat = &[
    ("", "func(args)"),
    ("args", "record { expected-ops, metatype-version }"),
    ("args.expected-ops", "list"),
    (
        "args.expected-ops[]",
        "record { op-name, mat-title, mat-data-json }",
    ),
    ("args.expected-ops[].op-name", "string"),
    ("args.expected-ops[].mat-title", "string"),
    ("args.expected-ops[].mat-data-json", "string"),
    ("args.metatype-version", "string"),
    ("result", "result"),
    ("result.ok", "record { ok }"),
    ("result.ok.ok", "bool"),
    (
        "result.err",
        "variant { version-mismatch(_), unexpected-mat(_), other(_) }",
    ),
    ("result.err.version-mismatch", "string"),
    (
        "result.err.unexpected-mat",
        "record { op-name, mat-title, mat-data-json }",
    ),
    ("result.err.unexpected-mat.op-name", "string"),
    ("result.err.unexpected-mat.mat-title", "string"),
    ("result.err.unexpected-mat.mat-data-json", "string"),
    ("result.err.other", "string"),
];

const INIT_V1_HASHED: &Flat = &[
    ("", "func(args)"),
    ("args", "record { metatype-version, expected-ops }"),
    ("args.metatype-version", "string"),
    ("args.expected-ops", "list"),
    (
        "args.expected-ops[]",
        "record { op-name, mat-title, mat-hash, mat-data-json }",
    ),
    ("args.expected-ops[].op-name", "string"),
    ("args.expected-ops[].mat-title", "string"),
    ("args.expected-ops[].mat-hash", "string"),
    ("args.expected-ops[].mat-data-json", "string"),
    ("result", "result"),
    ("result.ok", "record { ok }"),
    ("result.ok.ok", "bool"),
    (
        "result.err",
        "variant { version-mismatch(_), unexpected-mat(_), other(_) }",
    ),
    ("result.err.version-mismatch", "string"),
    (
        "result.err.unexpected-mat",
        "record { op-name, mat-title, mat-hash, mat-data-json }",
    ),
    ("result.err.unexpected-mat.op-name", "string"),
    ("result.err.unexpected-mat.mat-title", "string"),
    ("result.err.unexpected-mat.mat-hash", "string"),
    ("result.err.unexpected-mat.mat-data-json", "string"),
    ("result.err.other", "string"),
];

/// Finds the dialect of `component`. It may lack the hostcall import: then it asks nothing of its
/// host.
pub(crate) fn detect(engine: &Engine, component: &Component) -> Result<Dialect, Mismatch> {
    let Some(guest) = component.get_export(engine, GUEST_INTERFACE) else {
        let exports = component.exports(engine).map(|(name, _)| name);
        return Err(Mismatch {
            place: "exports".into(),
            expected: format!("the interface `{GUEST_INTERFACE}`"),
            // Less what was added when it was compiled.
            found: names(exports.filter(|name| *name != STATE_INTERFACE)),
        });
    };
    compare(
        &function(engine, GUEST_INTERFACE, &guest.ty, "handle")?,
        HANDLE,
        "export",
        GUEST_INTERFACE,
        "handle",
    )?;
    if let Some(host) = component.get_import(engine, HOSTCALL_INTERFACE) {
        let hostcall = function(engine, HOSTCALL_INTERFACE, &host.ty, "hostcall")?;
        compare(
            &hostcall,
            HOSTCALL,
            "import",
            HOSTCALL_INTERFACE,
            "hostcall",
        )?;
    }
    let init = function(engine, GUEST_INTERFACE, &guest.ty, "init")?;
    let hashed = init.iter().any(|(place, _)| place.ends_with("mat-hash"));
    let (dialect, expected) = if hashed {
        (Dialect::V1Hashed, INIT_V1_HASHED)
    } else {
        (Dialect::V1, INIT_V1)
    };
    compare(&init, expected, "export", GUEST_INTERFACE, "init")?;
    Ok(dialect)
}

/// The first line in which `found` differs from `expected`.
fn compare(
    found: &Flat<String, String>,
    expected: &Flat,
    direction: &str,
    interface: &str,
    function: &str,
) -> Result<(), Mismatch> {
    for i in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(i), found.get(i));
        if expected.map(|&(place, ty)| (place, ty))
            == found.map(|(place, ty)| (place.as_str(), ty.as_str()))
        {
            continue;
        }
        let place =
            expected.map_or_else(|| found.map_or("", |(place, _)| place), |(place, _)| place);
        return Err(Mismatch {
            place: format!("{direction} `{interface}`, `{function}` {place}")
                .trim_end()
                .to_owned(),
            expected: expected.map_or("nothing more", |(_, ty)| ty).to_owned(),
            found: found.map_or("nothing more", |(_, ty)| ty).to_owned(),
        });
    }
    Ok(())
}

/// The type of one function of an interface, flattened.
fn function(
    engine: &Engine,
    interface: &str,
    item: &ComponentItem,
    name: &str,
) -> Result<Vec<(String, String)>, Mismatch> {
    let mismatch = |expected: String, found: String| Mismatch {
        place: format!("`{interface}`"),
        expected,
        found,
    };
    let ComponentItem::ComponentInstance(instance) = item else {
        return Err(mismatch(
            "an interface".into(),
            "an item of another kind".into(),
        ));
    };
    let functions = instance
        .exports(engine)
        .filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentFunc(function) => Some((name, function)),
            _ => None,
        });
    let functions: Vec<_> = functions.collect();
    let Some((_, function)) = functions.iter().find(|(found, _)| *found == name) else {
        let found = names(functions.iter().map(|(name, _)| *name));
        return Err(mismatch(format!("a function `{name}`"), found));
    };
    let keyword = if function.async_() {
        "async func"
    } else {
        "func"
    };
    let params = list(function.params().map(|(name, _)| name));
    let mut flat = vec![(String::new(), format!("{keyword}({params})"))];
    for (name, ty) in function.params() {
        flatten(&ty, name.to_owned(), &mut flat);
    }
    for ty in function.results() {
        flatten(&ty, "result".to_owned(), &mut flat);
    }
    Ok(flat)
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names = list(names.map(|name| format!("`{name}`")));
    if names.is_empty() {
        "nothing".into()
    } else {
        names
    }
}

/// Names with commas between them, cut where they are too many to show.
fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for name in names {
        let separator = if text.is_empty() { "" } else { ", " };
        if text.len() + name.as_ref().len() > LONGEST {
            return text + separator + "...";
        }
        text = text + separator + name.as_ref();
    }
    text
}

/// More places than any function of the protocol has, and names as long as a message can show: a
/// component's author chooses its types, and may make them grow without end.
const MOST_PLACES: usize = 64;
const LONGEST: usize = 200;

fn flatten(ty: &Type, place: String, flat: &mut Vec<(String, String)>) {
    if flat.len() >= MOST_PLACES || place.len() > LONGEST {
        return;
    }
    match ty {
        Type::Record(record) => {
            let fields = list(record.fields().map(|field| field.name));
            flat.push((place.clone(), format!("record {{ {fields} }}")));
            for field in record.fields() {
                flatten(&field.ty, format!("{place}.{}", field.name), flat);
            }
        }
        Type::Variant(variant) => {
            let case = |case: Case<'_>| {
                if case.ty.is_some() {
                    format!("{}(_)", case.name)
                } else {
                    case.name.to_owned()
                }
            };
            let cases = list(variant.cases().map(case));
            flat.push((place.clone(), format!("variant {{ {cases} }}")));
            for case in variant.cases() {
                if let Some(ty) = &case.ty {
                    flatten(ty, format!("{place}.{}", case.name), flat);
                }
            }
        }
        Type::List(list) => {
            flat.push((place.clone(), "list".into()));
            flatten(&list.ty(), format!("{place}[]"), flat);
        }
        Type::Result(result) => {
            flat.push((place.clone(), "result".into()));
            for (name, ty) in [("ok", result.ok()), ("err", result.err())] {
                if let Some(ty) = ty {
                    flatten(&ty, format!("{place}.{name}"), flat);
                }
            }
        }
        // The protocol uses none of the others, so their kind is enough.
        other => flat.push((place, kind(other).into())),
    }
}

fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::String => "string",
        Type::Char => "char",
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => "a signed integer",
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => "an unsigned integer",
        Type::Float32 | Type::Float64 => "a float",
        Type::Option(_) => "option",
        Type::Own(_) | Type::Borrow(_) => "a resource",
        _ => "a type that the protocol does not use",
    }
}
