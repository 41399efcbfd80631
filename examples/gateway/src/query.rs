//! From a query to calls, and back. A field is a function, or a part of what one returned.
//!
//! Queries with arguments, variables, aliases and fragments are answered. There are no types, so
//! the type that a fragment is for is ignored; libraries that execute GraphQL need them. The parser
//! must work on the stacks of guests, which hostcalls run on: `async-graphql-parser` does not.

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
use crate::request::Request;

/// In one query: fragments within fragments multiply.
const MAX_FRAGMENTS: u64 = 1_000;

type Set<'q> = SelectionSet<'q, String>;

/// The body of the response: `data`, and `errors` if there are any. A field that failed is null.
pub(crate) async fn answer(request: &Request, query: Query) -> Value {
    let failed = |message: String| json!({"errors": [{"message": message}]});
    let document: Document<'_, String> = match parse_query(&query.query) {
        Ok(document) => document,
        Err(error) => return failed(error.to_string()),
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
                if let Some(default) = &variable.default_value {
                    let default = value(default, &Map::new());
                    variables.entry(&variable.name).or_insert(default);
                }
            }
            &query.selection_set
        }
        [_] => return failed("only queries are supported".to_owned()),
        _ => return failed("expected one operation in a document".to_owned()),
    };
    let execution = Execution {
        request,
        variables,
        fragments,
        fragments_used: AtomicU64::new(0),
        errors: Mutex::default(),
    };
    let data = execution.object(None, "", set, &[]).await;
    let errors = execution
        .errors
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match errors.is_empty() {
        true => json!({"data": data}),
        false => json!({"data": data, "errors": errors}),
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
        path: &'a [Value],
    ) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
        Box::pin(async move {
            let mut fields = Vec::new();
            self.fields(set, &mut fields, path);
            let answers = fields.into_iter().map(|field| async move {
                let key = field.alias.as_ref().unwrap_or(&field.name);
                let path = [path, &[json!(key)]].concat();
                (key.clone(), self.field(parent, of, field, &path).await)
            });
            Value::Object(join_all(answers).await.into_iter().collect())
        })
    }

    /// The fields of a selection, with those of its fragments.
    fn fields<'a>(
        &'a self,
        set: &'a Set<'q>,
        fields: &mut Vec<&'a Field<'q, String>>,
        path: &[Value],
    ) {
        for selection in &set.items {
            let inner = match selection {
                Selection::Field(field) => {
                    fields.push(field);
                    continue;
                }
                Selection::InlineFragment(fragment) => Some(&fragment.selection_set),
                Selection::FragmentSpread(spread) => self
                    .fragments
                    .get(spread.fragment_name.as_str())
                    .map(|fragment| &fragment.selection_set),
            };
            match inner {
                Some(inner) if self.fragments_used.fetch_add(1, Relaxed) < MAX_FRAGMENTS => {
                    self.fields(inner, fields, path);
                }
                Some(_) => {
                    self.fail(path, &refused("too many fragments, or one within itself"));
                    return;
                }
                None => self.fail(path, &refused("there is no such fragment")),
            }
        }
    }

    async fn field(
        &self,
        parent: Option<&Value>,
        of: &str,
        field: &Field<'q, String>,
        path: &[Value],
    ) -> Value {
        let name = match of {
            "" => field.name.clone(),
            of => format!("{of}.{}", field.name),
        };
        let part = parent.and_then(|parent| parent.get(&field.name));
        let found = match part.filter(|_| field.arguments.is_empty()) {
            Some(part) => Ok(part.clone()),
            None => {
                let arguments = field.arguments.iter();
                let mut input: Map<_, _> = arguments
                    .map(|(name, argument)| (name.clone(), value(argument, &self.variables)))
                    .collect();
                input.extend(parent.map(|parent| ("parent".to_owned(), parent.clone())));
                self.request.call(&name, input).await
            }
        };
        match found {
            Ok(found) => self.select(found, &name, &field.selection_set, path).await,
            Err(error) => {
                self.fail(path, &error);
                Value::Null
            }
        }
    }

    /// The selected part of a value: of each element, if it is a list.
    fn select<'a>(
        &'a self,
        value: Value,
        of: &'a str,
        set: &'a Set<'q>,
        path: &'a [Value],
    ) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
        Box::pin(async move {
            match value {
                _ if set.items.is_empty() => value,
                Value::Object(_) => self.object(Some(&value), of, set, path).await,
                Value::Array(values) => {
                    let values = values
                        .into_iter()
                        .enumerate()
                        .map(|(index, value)| async move {
                            let path = [path, &[json!(index)]].concat();
                            self.select(value, of, set, &path).await
                        });
                    Value::Array(join_all(values).await)
                }
                Value::Null => Value::Null,
                _ => {
                    self.fail(path, &refused("a value that has no fields"));
                    Value::Null
                }
            }
        })
    }

    fn fail(&self, path: &[Value], error: &HostcallError) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.push(json!({
            "message": error.message,
            "path": path,
            "extensions": {"code": error.code},
        }));
    }
}

fn refused(message: &str) -> HostcallError {
    HostcallError::new("query", message)
}

/// An argument as JSON. A variable that was not given is null.
fn value(argument: &Argument<'_, String>, variables: &Map<String, Value>) -> Value {
    match argument {
        Argument::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
        Argument::Int(number) => json!(number.as_i64()),
        Argument::Float(number) => json!(number),
        Argument::String(string) => json!(string),
        Argument::Boolean(boolean) => json!(boolean),
        Argument::Null => Value::Null,
        Argument::Enum(name) => json!(name),
        Argument::List(values) => values.iter().map(|each| value(each, variables)).collect(),
        Argument::Object(fields) => fields
            .iter()
            .map(|(name, each)| (name.clone(), value(each, variables)))
            .collect(),
    }
}
