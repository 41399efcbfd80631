//! From a query to calls, and back. A field is a function, or a part of what one returned.
//!
//! Queries with arguments, variables, aliases and fragments are answered. There are no types, so
//! the type that a fragment is for is ignored; libraries that execute GraphQL need them. The parser
//! must work on the stacks of guests, which hostcalls run on: `async-graphql-parser` does not.
//!
//! A short query can ask for a lot: an alias names a part again, a fragment may be spread anywhere,
//! and both apply to each element of a list. So every field is paid for with its name before it is
//! answered (`Request::spend_field`), every value before it is copied (`Request::copy`), and every
//! message before it is listed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use graphql_parser::query::{
    Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
    Value as Argument, parse_query,
};
use python_runtime::HostcallError;
use serde_json::{Map, Value, json};

use crate::Query;
use crate::request::{Request, exceeded};

/// Bytes of a query's text.
const MAX_TEXT: u64 = 64 << 10;

/// What a byte of text takes when it is parsed: `a b c` are three fields.
const PARSED: u64 = 100;

/// In one query: fragments within fragments multiply.
const MAX_FRAGMENTS: u64 = 1_000;

/// Fields and lists within each other, in an answer. The parser has a limit of its own, 50, on
/// braces within braces.
const MAX_DEPTH: u64 = 64;

/// In one answer; further ones are left out.
const MAX_ERRORS: usize = 100;

/// Bytes of an error's code and message, which functions choose.
const MAX_MESSAGE: u64 = 64 << 10;

type Set<'q> = SelectionSet<'q, String>;

/// The body of the response: `data`, and `errors` if there are any. A field that failed is null.
pub(crate) async fn answer(request: &Request, query: Query) -> Value {
    let failed = |error: &HostcallError| json!({"errors": [described(error)]});
    let length = query.query.len() as u64;
    let paid = match length {
        0..=MAX_TEXT => request.spend_bytes(length * PARSED),
        _ => Err(exceeded("query", length, "bytes", MAX_TEXT)),
    };
    let paid = paid.and_then(|()| {
        let mut variables = query.variables.values();
        variables.try_for_each(|value| request.spend_value(value))
    });
    if let Err(error) = paid {
        return failed(&error);
    }
    let document: Document<'_, String> = match parse_query(&query.query) {
        Ok(document) => document,
        Err(error) => return failed(&refused(&error.to_string())),
    };
    let mut operations = Vec::new();
    let mut fragments = BTreeMap::new();
    for definition in &document.definitions {
        match definition {
            Definition::Operation(operation) => operations.push(operation),
            Definition::Fragment(fragment) => {
                fragments.insert(fragment.name.as_str(), fragment);
            }
        }
    }
    let mut variables = query.variables;
    let set = match operations[..] {
        [OperationDefinition::SelectionSet(set)] => set,
        [OperationDefinition::Query(query)] => {
            for variable in &query.variable_definitions {
                if let Some(default) = &variable.default_value
                    && !variables.contains_key(&variable.name)
                {
                    let default = value(default, &|_| Ok(Value::Null)).unwrap_or_default();
                    variables.insert(variable.name.clone(), default);
                }
            }
            &query.selection_set
        }
        [_] => return failed(&refused("only queries are supported")),
        _ => return failed(&refused("expected one operation in a document")),
    };
    let execution = Execution {
        request,
        variables,
        fragments,
        fragments_used: AtomicU64::new(0),
        errors: Mutex::default(),
    };
    let data = execution.object(None, "", set, &Path::ROOT).await;
    let errors = execution
        .errors
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match errors.is_empty() {
        true => json!({"data": data}),
        false => json!({"data": data, "errors": errors}),
    }
}

/// Where in an answer.
struct Path<'a> {
    above: Option<(&'a Path<'a>, Step<'a>)>,
    depth: u64,
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    const ROOT: Self = Self {
        above: None,
        depth: 0,
    };

    fn below(&'a self, step: Step<'a>) -> Self {
        Self {
            above: Some((self, step)),
            depth: self.depth + 1,
        }
    }

    fn to_json(&self) -> Value {
        let mut steps = Vec::new();
        let mut place = self;
        while let Some((above, step)) = &place.above {
            steps.push(match step {
                Step::Key(key) => json!(key),
                Step::Index(index) => json!(index),
            });
            place = above;
        }
        steps.reverse();
        Value::Array(steps)
    }
}

struct Execution<'q> {
    request: &'q Request,
    variables: Map<String, Value>,
    fragments: BTreeMap<&'q str, &'q FragmentDefinition<'q, String>>,
    fragments_used: AtomicU64,
    errors: Mutex<Vec<Value>>,
}

impl<'q> Execution<'q> {
    /// The fields of an object, concurrently. `of` is the name of the function that returned it.
    fn object<'a>(
        &'a self,
        parent: Option<&'a Value>,
        of: &'a str,
        set: &'a Set<'q>,
        path: &'a Path<'a>,
    ) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
        Box::pin(async move {
            let mut fields = Vec::new();
            if let Err(error) = self.fields(set, &mut fields) {
                return self.fail(path, &error);
            }
            let answers = fields.into_iter().map(|field| async move {
                let key = key(field);
                let path = path.below(Step::Key(key));
                (key.to_owned(), self.field(parent, of, field, &path).await)
            });
            Value::Object(join_all(answers).await.into_iter().collect())
        })
    }

    /// The fields of a selection, with those of its fragments.
    fn fields<'a>(
        &'a self,
        set: &'a Set<'q>,
        fields: &mut Vec<&'a Field<'q, String>>,
    ) -> Result<(), HostcallError> {
        for selection in &set.items {
            let directives = match selection {
                Selection::Field(field) => &field.directives,
                Selection::InlineFragment(fragment) => &fragment.directives,
                Selection::FragmentSpread(spread) => &spread.directives,
            };
            // Not to be ignored: `@skip` says what not to call.
            if !directives.is_empty() {
                return Err(refused("directives are not supported"));
            }
            let inner = match selection {
                Selection::Field(field) => {
                    self.request.spend_field(key(field))?;
                    fields.push(field);
                    continue;
                }
                Selection::InlineFragment(fragment) => &fragment.selection_set,
                Selection::FragmentSpread(spread) => {
                    let fragment = self.fragments.get(spread.fragment_name.as_str());
                    let fragment = fragment.ok_or_else(|| refused("there is no such fragment"))?;
                    &fragment.selection_set
                }
            };
            if self.fragments_used.fetch_add(1, Relaxed) >= MAX_FRAGMENTS {
                return Err(refused("too many fragments, or one within itself"));
            }
            self.fields(inner, fields)?;
        }
        Ok(())
    }

    async fn field(
        &self,
        parent: Option<&Value>,
        of: &str,
        field: &Field<'q, String>,
        path: &Path<'_>,
    ) -> Value {
        let name = match of {
            "" => field.name.clone(),
            of => format!("{of}.{}", field.name),
        };
        let part = parent.and_then(|parent| parent.get(&field.name));
        let found = match part.filter(|_| field.arguments.is_empty()) {
            Some(part) => Ok(Cow::Borrowed(part)),
            None => {
                let input = || self.input(parent, field);
                self.request.call(&name, input).await.map(Cow::Owned)
            }
        };
        match found {
            Ok(found) => self.select(found, &name, &field.selection_set, path).await,
            Err(error) => self.fail(path, &error),
        }
    }

    /// What a field's function is called with.
    fn input(
        &self,
        parent: Option<&Value>,
        field: &Field<'q, String>,
    ) -> Result<Map<String, Value>, HostcallError> {
        let variable = |name: &String| match self.variables.get(name) {
            Some(value) => self.request.copy(value),
            None => Ok(Value::Null),
        };
        let mut input = Map::new();
        for (name, argument) in &field.arguments {
            input.insert(name.clone(), value(argument, &variable)?);
        }
        if let Some(parent) = parent {
            input.insert("parent".to_owned(), self.request.copy(parent)?);
        }
        Ok(input)
    }

    /// The selected part of a value: of each element, if it is a list.
    fn select<'a>(
        &'a self,
        value: Cow<'a, Value>,
        of: &'a str,
        set: &'a Set<'q>,
        path: &'a Path<'a>,
    ) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
        Box::pin(async move {
            if path.depth > MAX_DEPTH {
                return self.fail(path, &exceeded("depth", path.depth, "levels", MAX_DEPTH));
            }
            if set.items.is_empty() {
                return match value {
                    Cow::Owned(value) => value,
                    Cow::Borrowed(value) => match self.request.copy(value) {
                        Ok(value) => value,
                        Err(error) => self.fail(path, &error),
                    },
                };
            }
            match &*value {
                object @ Value::Object(_) => self.object(Some(object), of, set, path).await,
                Value::Array(values) => {
                    if let Err(error) = values.iter().try_for_each(|_| self.request.spend_field(""))
                    {
                        return self.fail(path, &error);
                    }
                    let values = values.iter().enumerate().map(|(index, value)| async move {
                        let path = path.below(Step::Index(index));
                        self.select(Cow::Borrowed(value), of, set, &path).await
                    });
                    Value::Array(join_all(values).await)
                }
                Value::Null => Value::Null,
                _ => self.fail(path, &refused("a value that has no fields")),
            }
        })
    }

    /// Reports what went wrong, for the null that stands in its place.
    fn fail(&self, path: &Path<'_>, error: &HostcallError) -> Value {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() < MAX_ERRORS {
            let length = (error.code.len() + error.message.len()) as u64;
            let paid = match length {
                0..=MAX_MESSAGE => self.request.spend_bytes(length),
                _ => Err(exceeded("message", length, "bytes", MAX_MESSAGE)),
            };
            let mut error = described(paid.as_ref().err().unwrap_or(error));
            error.insert("path".to_owned(), path.to_json());
            errors.push(Value::Object(error));
        }
        Value::Null
    }
}

/// What a field is called in an answer.
fn key<'f>(field: &'f Field<'_, String>) -> &'f str {
    field.alias.as_ref().unwrap_or(&field.name)
}

fn described(error: &HostcallError) -> Map<String, Value> {
    let code = json!({"code": error.code});
    let message = json!(error.message);
    Map::from_iter([
        ("message".to_owned(), message),
        ("extensions".to_owned(), code),
    ])
}

fn refused(message: &str) -> HostcallError {
    HostcallError::new("query", message)
}

/// An argument as JSON, with the values of variables. One that was not given is null.
fn value(
    argument: &Argument<'_, String>,
    variable: &impl Fn(&String) -> Result<Value, HostcallError>,
) -> Result<Value, HostcallError> {
    Ok(match argument {
        Argument::Variable(name) => variable(name)?,
        Argument::Int(number) => json!(number.as_i64()),
        Argument::Float(number) => json!(number),
        Argument::String(string) => json!(string),
        Argument::Boolean(boolean) => json!(boolean),
        Argument::Null => Value::Null,
        Argument::Enum(name) => json!(name),
        Argument::List(values) => {
            let values = values.iter().map(|each| value(each, variable));
            values.collect::<Result<_, _>>()?
        }
        Argument::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, each)| Ok((name.clone(), value(each, variable)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
    })
}
