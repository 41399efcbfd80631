//! A module as Python sees it: functions and types.

use super::description::FunctionDescription;

/// A Python type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Any,
    None,
    /// A built-in type and its arguments, as in `list[int]`.
    Builtin(&'static str, Vec<Type>),
    /// Literal values in Python syntax.
    Literal(Vec<String>),
    Union(Vec<Type>),
    /// A definition of the module, by name.
    Named(String),
}

/// A type that has a name in the module.
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// An object with known properties: a `TypedDict`.
    Record(Vec<Field>),
    Alias(Type),
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) ty: Type,
    pub(super) need: Need,
}

pub(super) enum Need {
    Required,
    /// With its default in Python syntax, if that is a plain value.
    Optional(Option<String>),
}

pub(super) struct Function<'a> {
    pub(super) description: &'a FunctionDescription,
    pub(super) input: Input,
    pub(super) output: Type,
}

pub(super) enum Input {
    /// One parameter for each property of an object.
    Parameters(Vec<Field>),
    /// Anything else.
    Payload(Type),
    Nothing,
}

/// A module's functions, and its types in an order in which only recursive ones are used before
/// they are defined.
pub(super) struct Module<'a> {
    pub(super) functions: Vec<Function<'a>>,
    pub(super) definitions: Vec<Definition>,
}

impl Type {
    /// The union of `types`: literals merged and first, `None` last.
    pub(super) fn union(types: impl IntoIterator<Item = Self>) -> Self {
        let (mut literals, mut others, mut none) = (Vec::new(), Vec::new(), None);
        let flat = types.into_iter().flat_map(|ty| match ty {
            Type::Union(types) => types,
            ty => vec![ty],
        });
        for ty in flat {
            match ty {
                Type::Any => return Type::Any,
                Type::None => none = Some(ty),
                Type::Literal(values) => literals.extend(values),
                ty if others.contains(&ty) => {}
                ty => others.push(ty),
            }
        }
        let mut types = others;
        if !literals.is_empty() {
            types.insert(0, Type::Literal(literals));
        }
        types.extend(none);
        match types.pop() {
            Some(one) if types.is_empty() => one,
            Some(last) => {
                types.push(last);
                Type::Union(types)
            }
            None => Type::Any,
        }
    }
}
