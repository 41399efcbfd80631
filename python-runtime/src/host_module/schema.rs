//! From JSON Schema to Python's types.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::description::ModuleDescription;
use super::json_schema::{properties, referred, string};
use super::names::{BUILTIN, IMPORTED, is_name};
use super::tagged::with_tagged_structs;
use super::types::{Definition, Field, Function, Input, Kind, Module, Need, Type};

impl<'a> Module<'a> {
    pub(super) fn read(description: &'a ModuleDescription) -> Self {
        let functions = &description.functions;
        let taken = IMPORTED.iter().chain(BUILTIN).map(|name| (*name).into());
        let mut reader = Reader {
            taken: taken
                .chain(functions.iter().map(|function| function.name.clone()))
                .collect(),
            named: Vec::new(),
            definitions: Vec::new(),
        };
        // Outputs choose their names first, since users read these most. Serde can write a type in
        // another form than it accepts.
        let outputs: Vec<_> = functions
            .iter()
            .map(|function| {
                let hint = camel(&function.name) + "Output";
                let schema = with_tagged_structs(&function.output);
                reader.root(&schema, "Output").read(&hint)
            })
            .collect();
        let functions = functions
            .iter()
            .zip(outputs)
            .map(|(description, output)| {
                let hint = camel(&description.name) + "Input";
                let schema = with_tagged_structs(&description.input);
                Function {
                    description,
                    input: reader.root(&schema, "Input").input(&hint),
                    output,
                }
            })
            .collect();
        Self {
            functions,
            definitions: reader.definitions,
        }
    }
}

/// What has been read of a module so far.
struct Reader {
    taken: BTreeSet<String>,
    named: Vec<Named>,
    definitions: Vec<Definition>,
}

impl Reader {
    fn root<'r>(&'r mut self, schema: &'r Value, side: &'static str) -> Schema<'r> {
        Schema {
            reader: self,
            definitions: schema.get("$defs").and_then(Value::as_object),
            side,
            depth: 0,
            value: schema,
        }
    }
}

/// How deep a schema is read, references included; anything deeper is `Any`.
const MAX_DEPTH: usize = 64;

/// A schema that has a name in Python.
struct Named {
    schema: Value,
    /// The definitions it refers to: another function may have different ones of the same names.
    reached: Map<String, Value>,
    preferred: String,
    name: String,
}

/// A part of a schema, and the definitions of the whole.
struct Schema<'r> {
    reader: &'r mut Reader,
    definitions: Option<&'r Map<String, Value>>,
    /// The suffix for a name that is already taken.
    side: &'static str,
    depth: usize,
    value: &'r Value,
}

impl<'r> Schema<'r> {
    fn part(&mut self, value: &'r Value) -> Schema<'_> {
        Schema {
            reader: self.reader,
            definitions: self.definitions,
            side: self.side,
            depth: self.depth + 1,
            value,
        }
    }

    /// The definition that a schema refers to.
    fn referred(&self, value: &Value) -> Option<(&'r str, &'r Value)> {
        referred(value, self.definitions?)
    }

    /// A function's input.
    fn input(mut self, hint: &str) -> Input {
        // Follows references to references, but not in a circle.
        let mut value = self.value;
        for _ in 0..8 {
            match self.referred(value) {
                Some((_, schema)) => value = schema,
                None => break,
            }
        }
        if string(value, "type") == "null" {
            return Input::Nothing;
        }
        match properties(value) {
            Some(found) if found.iter().all(|(name, _)| is_name(name)) => {
                Input::Parameters(self.part(value).fields(hint))
            }
            _ => Input::Payload(self.read(hint)),
        }
    }

    /// The type. If it needs a name and the schema gives none, its name begins with `hint`.
    fn read(&mut self, hint: &str) -> Type {
        let value = self.value;
        if self.depth > MAX_DEPTH {
            return Type::Any;
        }
        if value.get("$ref").is_some() && value.get("properties").is_none() {
            return match self.referred(value) {
                Some((name, schema)) => self.part(schema).named(name),
                None => Type::Any,
            };
        }
        if let Some(value) = value.get("const") {
            return literal(value);
        }
        if let Some(values) = value.get("enum").and_then(Value::as_array) {
            return Type::union(values.iter().map(literal));
        }
        let variants = ["anyOf", "oneOf"]
            .into_iter()
            .find_map(|key| value.get(key));
        if let (Some(variants), None) =
            (variants.and_then(Value::as_array), value.get("properties"))
        {
            let types: Vec<_> = (1..)
                .zip(variants)
                .map(|(i, variant)| {
                    let hint = format!("{hint}{}", variant_name(variant, i));
                    self.part(variant).read(&hint)
                })
                .collect();
            return Type::union(types);
        }
        match value
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            Some([one]) if value.get("properties").is_none() => return self.part(one).read(hint),
            Some(_) => return Type::Any,
            None => {}
        }
        match value.get("type") {
            Some(Value::String(ty)) => self.of_type(ty, hint),
            Some(Value::Array(types)) => {
                let types: Vec<_> = types
                    .iter()
                    .map(|ty| self.of_type(ty.as_str().unwrap_or_default(), hint))
                    .collect();
                Type::union(types)
            }
            _ => Type::Any,
        }
    }

    fn of_type(&mut self, ty: &str, hint: &str) -> Type {
        let value = self.value;
        let of = |name, arguments| Type::Builtin(name, arguments);
        match ty {
            "null" => Type::None,
            "boolean" => of("bool", vec![]),
            "integer" => of("int", vec![]),
            "number" => of("float", vec![]),
            "string" => of("str", vec![]),
            "array" => {
                let hint = format!("{hint}Item");
                if let Some(items) = value.get("prefixItems").and_then(Value::as_array) {
                    let items = (1..)
                        .zip(items)
                        .map(|(i, item)| self.part(item).read(&format!("{hint}{i}")));
                    return of("tuple", items.collect());
                }
                let item = value
                    .get("items")
                    .map_or(Type::Any, |items| self.part(items).read(&hint));
                of("list", vec![item])
            }
            "object" => match properties(value) {
                Some(found) if !found.is_empty() => {
                    let name = match string(value, "title") {
                        "" => hint,
                        title => title,
                    };
                    self.named(name)
                }
                _ => {
                    let values = value
                        .get("additionalProperties")
                        .filter(|_| value.get("properties").is_none());
                    let values = values.map_or(Type::Any, |values| {
                        self.part(values).read(&format!("{hint}Value"))
                    });
                    of("dict", vec![of("str", vec![]), values])
                }
            },
            _ => Type::Any,
        }
    }

    /// The type under a name of its own.
    fn named(&mut self, preferred: &str) -> Type {
        let preferred = match camel(preferred) {
            name if is_name(&name) => name,
            name => format!("Type{name}"),
        };
        let mut reached = Map::new();
        self.reach(self.value, &mut reached);
        let is_same = |known: &&Named| {
            known.preferred == preferred && known.schema == *self.value && known.reached == reached
        };
        if let Some(known) = self.reader.named.iter().find(is_same) {
            return Type::Named(known.name.clone());
        }
        let second = format!("{preferred}{}", self.side);
        let further = (2..).map(|i| format!("{second}{i}"));
        let mut names = [preferred.clone(), second.clone()]
            .into_iter()
            .chain(further);
        let name = names
            .find(|name| self.reader.taken.insert(name.clone()))
            .unwrap_or_default();
        self.reader.named.push(Named {
            schema: self.value.clone(),
            reached,
            preferred: preferred.clone(),
            name: name.clone(),
        });

        let kind = match properties(self.value) {
            Some(found) if !found.is_empty() => Kind::Record(self.fields(&preferred)),
            _ => Kind::Alias(self.read(&preferred)),
        };
        let doc = string(self.value, "description").to_owned();
        self.reader.definitions.push(Definition {
            name: name.clone(),
            doc,
            kind,
        });
        Type::Named(name)
    }

    /// All definitions that `value` refers to.
    fn reach(&self, value: &'r Value, reached: &mut Map<String, Value>) {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Value::Array(values) => waiting.extend(values),
                Value::Object(values) => {
                    if let Some((name, schema)) = self.referred(value)
                        && reached.insert(name.to_owned(), schema.clone()).is_none()
                    {
                        waiting.push(schema);
                    }
                    let parts = values.iter().filter(|(key, _)| *key != "$defs");
                    waiting.extend(parts.map(|(_, value)| value));
                }
                _ => {}
            }
        }
    }

    fn fields(&mut self, owner: &str) -> Vec<Field> {
        let value = self.value;
        let required = value.get("required").and_then(Value::as_array);
        let is_required = |name: &String| {
            required.is_some_and(|names| names.iter().any(|required| required == name))
        };
        let mut fields = Vec::new();
        for (name, value) in properties(value).into_iter().flatten() {
            fields.push(Field {
                name: name.clone(),
                doc: string(value, "description").to_owned(),
                ty: self.part(value).read(&(owner.to_owned() + &camel(name))),
                need: match is_required(name) {
                    true => Need::Required,
                    false => Need::Optional(value.get("default").and_then(python_value)),
                },
            });
        }
        fields
    }
}

/// A name for a variant of an enum: its tag, or its only property.
fn variant_name(variant: &Value, i: usize) -> String {
    let properties = properties(variant).into_iter().flatten();
    let mut properties: Vec<_> = properties.collect();
    let tag = properties
        .iter()
        .find_map(|(_, value)| value.get("const")?.as_str());
    let name = match (tag, properties.pop(), properties.is_empty()) {
        (Some(tag), _, _) => camel(tag),
        (None, Some((name, _)), true) => camel(name),
        _ => String::new(),
    };
    if name.is_empty() { i.to_string() } else { name }
}

/// `order-line` and `order_line` as `OrderLine`.
fn camel(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .flat_map(|part| {
            let first = part.get(..1).unwrap_or_default().to_ascii_uppercase();
            [first, part.get(1..).unwrap_or_default().to_owned()]
        })
        .collect()
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::None,
        Value::Number(number) if number.is_f64() => Type::Builtin("float", vec![]),
        _ => python_value(value).map_or(Type::Any, |value| Type::Literal(vec![value])),
    }
}

/// A plain value in Python syntax. JSON strings are valid in Python.
fn python_value(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("None".into()),
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::Number(_) | Value::String(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
