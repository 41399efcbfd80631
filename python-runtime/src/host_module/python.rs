//! The source of the guest's package `host`, and its stubs.

use std::collections::{BTreeMap, BTreeSet};

use super::description::ModuleDescription;
use super::literal::{docstring, function_doc, list, string};
use super::names::{BUILTIN, IMPORTED, is_name};
use super::types::{Definition, Field, Function, Input, Kind, Module, Need, Type};

/// What is generated for a module.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// The code that runs in the guest.
    Source,
    /// The stub for editors and type checkers.
    Stub,
}

/// Whether a module's functions block or are coroutines.
#[derive(Clone, Copy, PartialEq)]
enum Calls {
    Blocking,
    Async,
}

const PACKAGE: &str = "What the host offers.";
const ASYNC_PACKAGE: &str = "What the host offers, to be awaited.";

/// The class that `wit_wire_guest.calls.context` defines.
const HOSTCALL_ERROR: &str = r#"from typing import Any


class HostcallError(Exception):
    """The host answered a hostcall with an error."""

    code: str
    message: str
    cause: Any
    def __init__(self, code: str, message: str, cause: Any = None) -> None: ...
"#;

/// The package's files by path. The names in `modules` have been checked.
pub(super) fn files(modules: &[ModuleDescription], form: Form) -> BTreeMap<String, String> {
    let (ending, error) = match form {
        Form::Source => (
            "py",
            "from wit_wire_guest.calls.context import HostcallError\n",
        ),
        Form::Stub => ("pyi", HOSTCALL_ERROR),
    };
    let package = format!("{}\n\n{error}", docstring(PACKAGE, ""));
    let mut files = BTreeMap::from([
        (format!("host/__init__.{ending}"), package),
        (
            format!("host/aio/__init__.{ending}"),
            docstring(ASYNC_PACKAGE, "") + "\n",
        ),
    ]);
    for description in modules {
        let module = Module::read(description);
        let name = &description.name;
        for (folder, calls) in [("host", Calls::Blocking), ("host/aio", Calls::Async)] {
            let text = Writer::new(description, &module, form, calls).module();
            files.insert(format!("{folder}/{name}.{ending}"), text);
        }
    }
    files
}

/// Writes one module, and records which names it used.
struct Writer<'a> {
    description: &'a ModuleDescription,
    module: &'a Module<'a>,
    form: Form,
    calls: Calls,
    /// Names of the module `typing`.
    typing: BTreeSet<&'static str>,
    /// Whether a function shadows a built-in type that is used.
    builtins: bool,
    /// Types of the module.
    types: BTreeSet<&'a str>,
    /// Types of the module that can be named without quotes.
    defined: BTreeSet<&'a str>,
}

impl<'a> Writer<'a> {
    fn new(
        description: &'a ModuleDescription,
        module: &'a Module<'a>,
        form: Form,
        calls: Calls,
    ) -> Self {
        Self {
            description,
            module,
            form,
            calls,
            typing: BTreeSet::new(),
            builtins: false,
            types: BTreeSet::new(),
            defined: BTreeSet::new(),
        }
    }

    fn module(mut self) -> String {
        let mut parts = Vec::new();
        for definition in &self.module.definitions {
            let typing = self.typing.clone();
            let part = self.definition(definition);
            // An alias that is a string itself can only be named inside a string.
            if !part.contains(": TypeAlias = \"") {
                self.defined.insert(&definition.name);
            }
            match self.calls {
                Calls::Blocking => parts.push(part),
                Calls::Async => self.typing = typing,
            }
        }
        self.types.clear();
        for function in &self.module.functions {
            parts.push(self.function(function));
        }
        let mut text = self.head();
        for part in parts {
            text += "\n\n";
            text += &part;
        }
        text
    }

    /// The docstring and the imports.
    fn head(&self) -> String {
        let mut standard = Vec::new();
        if self.builtins {
            standard.push("import builtins".to_owned());
        }
        if !self.typing.is_empty() {
            standard.push(format!("from typing import {}", list(&self.typing)));
        }
        let mut own = Vec::new();
        if self.calls == Calls::Async && !self.types.is_empty() {
            let module = &self.description.name;
            own.push(format!("from host.{module} import {}", list(&self.types)));
        }
        if self.form == Form::Source {
            let hostcall = match self.calls {
                Calls::Blocking => "hostcall",
                Calls::Async => "hostcall_async",
            };
            own.push(format!(
                "from wit_wire_guest.calls.context import {hostcall} as _{hostcall}"
            ));
        }
        let doc = match self.description.doc.as_str() {
            "" => Vec::new(),
            doc => vec![docstring(doc, "")],
        };
        let parts = [doc, standard, own];
        let parts = parts.iter().filter(|lines| !lines.is_empty());
        let parts: Vec<_> = parts.map(|lines| lines.join("\n") + "\n").collect();
        parts.join("\n")
    }

    fn definition(&mut self, definition: &'a Definition) -> String {
        let name = &definition.name;
        let doc = |indent| match definition.doc.as_str() {
            "" => String::new(),
            doc => format!("{indent}{}\n", docstring(doc, indent)),
        };
        match &definition.kind {
            Kind::Alias(ty) => {
                self.typing.insert("TypeAlias");
                let ty = self.quoted(ty);
                format!("{name}: TypeAlias = {ty}\n{}", doc(""))
            }
            Kind::Record(fields) => {
                self.typing.insert("TypedDict");
                if fields
                    .iter()
                    .all(|field| self.can_be_attribute(&field.name))
                {
                    let fields: String = fields.iter().map(|field| self.attribute(field)).collect();
                    let doc = match doc("    ") {
                        doc if doc.is_empty() => doc,
                        doc => doc + "\n",
                    };
                    format!("class {name}(TypedDict):\n{doc}{fields}")
                } else {
                    let fields = fields.iter().map(|field| {
                        let name = string(&field.name);
                        format!("    {name}: {},\n", self.field_type(field))
                    });
                    let fields: String = fields.collect();
                    let typed = format!("{name} = TypedDict(\"{name}\", {{\n{fields}}})\n");
                    typed + &doc("")
                }
            }
        }
    }

    /// Whether a field of a class can have this name: in the body of the class, it hides what has
    /// the same name outside.
    fn can_be_attribute(&self, name: &str) -> bool {
        let is_type = |definition: &Definition| definition.name == name;
        is_name(name)
            && !BUILTIN.contains(&name)
            && !IMPORTED.contains(&name)
            && !self.module.definitions.iter().any(is_type)
    }

    fn attribute(&mut self, field: &'a Field) -> String {
        let doc = match field.doc.as_str() {
            "" => String::new(),
            doc => format!("    {}\n", docstring(doc, "    ")),
        };
        format!("    {}: {}\n{doc}", field.name, self.field_type(field))
    }

    fn field_type(&mut self, field: &'a Field) -> String {
        let ty = self.quoted(&field.ty);
        match field.need {
            Need::Required => ty,
            Need::Optional(_) => {
                self.typing.insert("NotRequired");
                format!("NotRequired[{ty}]")
            }
        }
    }

    fn function(&mut self, function: &'a Function<'a>) -> String {
        let Function {
            description,
            input,
            output,
        } = function;
        let name = &description.name;
        let op = string(&description.op(&self.description.name));
        let (fields, payload) = match input {
            Input::Parameters(fields) => (fields.as_slice(), None),
            Input::Payload(ty) => (&[][..], Some(ty)),
            Input::Nothing => (&[][..], None),
        };
        let mut parameters = self.parameters(fields);
        parameters.extend(payload.map(|ty| format!("payload: {}", self.quoted(ty))));
        let parameters = parameters.join(", ");
        let output = self.quoted(output);
        let (def, hostcall) = match self.calls {
            Calls::Blocking => ("def", "_hostcall"),
            Calls::Async => ("async def", "await _hostcall_async"),
        };
        let mut text = format!("{def} {name}({parameters}) -> {output}:");
        let doc = function_doc(&description.doc, fields);
        match (self.form, doc.is_empty()) {
            (Form::Stub, true) => return text + " ...\n",
            (_, true) => text += "\n",
            (_, false) => text += &format!("\n    {}\n", docstring(&doc, "    ")),
        }
        if self.form == Form::Stub {
            return text;
        }
        let argument = match input {
            Input::Nothing => "None".into(),
            Input::Payload(_) => "payload".into(),
            Input::Parameters(fields) => {
                let (left_out, always): (Vec<_>, Vec<_>) = fields
                    .iter()
                    .partition(|field| matches!(field.need, Need::Optional(None)));
                let always: Vec<_> = always
                    .iter()
                    .map(|field| format!("\"{0}\": {0}", field.name))
                    .collect();
                let always = format!("{{{}}}", always.join(", "));
                if left_out.is_empty() {
                    always
                } else {
                    text += &format!("    _payload = {always}\n");
                    for Field { name, .. } in left_out {
                        text += &format!(
                            "    if {name} is not ...:\n        _payload[\"{name}\"] = {name}\n"
                        );
                    }
                    "_payload".into()
                }
            }
        };
        text + &format!("    return {hostcall}({op}, {argument})\n")
    }

    /// Parameters in the order of `fields`. In Python, one without a default that follows one with
    /// a default has to be keyword-only.
    fn parameters(&mut self, fields: &'a [Field]) -> Vec<String> {
        let mut parameters = Vec::new();
        let (mut optional, mut by_keyword) = (false, false);
        for field in fields {
            let parameter = format!("{}: {}", field.name, self.quoted(&field.ty));
            match &field.need {
                Need::Required => {
                    if optional && !by_keyword {
                        by_keyword = true;
                        parameters.push("*".into());
                    }
                    parameters.push(parameter);
                }
                Need::Optional(default) => {
                    optional = true;
                    let default = default.as_deref().unwrap_or("...");
                    parameters.push(format!("{parameter} = {default}"));
                }
            }
        }
        parameters
    }

    /// The type as an annotation: in quotes if it names a type that is defined later.
    fn quoted(&mut self, ty: &'a Type) -> String {
        let before = std::mem::take(&mut self.types);
        let expression = self.expression(ty);
        let is_defined = self.types.is_subset(&self.defined);
        self.types.extend(before);
        match is_defined {
            true => expression,
            false => string(&expression),
        }
    }

    fn expression(&mut self, ty: &'a Type) -> String {
        let mut join = |types: &'a [Type], by| {
            let types = types.iter().map(|ty| self.expression(ty));
            types.collect::<Vec<_>>().join(by)
        };
        match ty {
            Type::None => "None".into(),
            Type::Union(types) => join(types, " | "),
            Type::Named(name) => {
                self.types.insert(name);
                name.clone()
            }
            Type::Any => {
                self.typing.insert("Any");
                "Any".into()
            }
            Type::Literal(values) => {
                self.typing.insert("Literal");
                format!("Literal[{}]", values.join(", "))
            }
            Type::Builtin(name, arguments) => {
                let arguments = match (join(arguments, ", "), *name) {
                    (none, "tuple") if none.is_empty() => "[()]".into(),
                    (none, _) if none.is_empty() => none,
                    (some, _) => format!("[{some}]"),
                };
                let mut functions = self.module.functions.iter();
                if functions.any(|function| function.description.name == *name) {
                    self.builtins = true;
                    format!("builtins.{name}{arguments}")
                } else {
                    format!("{name}{arguments}")
                }
            }
        }
    }
}
