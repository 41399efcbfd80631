//! From a query to calls, and back. A field is a function, or a part of what one returned.
//!
//! Queries with arguments, variables, aliases and fragments are answered. There are no types, so
//! the type that a fragment is for is ignored; a library that executes GraphQL would need them.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use async_graphql_parser::types::{
    ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};
use async_graphql_parser::{Positioned, parse_query};
use async_graphql_value::ConstValue;
use futures_util::future::join_all;
use python_runtime::HostcallError;
use serde_json::{Map, Value, json};

use crate::Query;
use crate::request::Request;

/// In one query: fragments within fragments multiply.
const MAX_FRAGMENTS: u64 = 1_000;

/// The body of the response: `data`, and `errors` if there are any. A field that failed is null.
pub(crate) async fn answer(request: &Request, query: Query) -> Value {
    let failed = |message: &str| json!({"errors": [{"message": message}]});
    let document = match parse_query(&query.query) {
        Ok(document) => document,
        Err(error) => {
            let locations: Vec<_> = error.positions().collect();
            let message = error.to_string();
            return json!({"errors": [{"message": message, "locations": locations}]});
        }
    };
    let mut operations = document.operations.iter();
    let (Some((_, operation)), None) = (operations.next(), operations.next()) else {
        return failed("expected one operation in a document");
    };
    let operation = &operation.node;
    if operation.ty != OperationType::Query {
        return failed("only queries are supported");
    }
    let mut variables = query.variables;
    for Positioned { node: variable, .. } in &operation.variable_definitions {
        let default = variable.default_value().cloned();
        if let Some(Ok(default)) = default.map(ConstValue::into_json) {
            let name = variable.name.node.as_str();
            variables.entry(name).or_insert(default);
        }
    }
    let execution = Execution {
        request,
        variables,
        document: &document,
        fragments_used: AtomicU64::new(0),
        errors: Mutex::default(),
    };
    let set = &operation.selection_set.node;
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
    document: &'q ExecutableDocument,
    fragments_used: AtomicU64,
    errors: Mutex<Vec<Value>>,
}

impl Execution<'_> {
    /// The fields of an object, concurrently. `of` is the name of the function that returned it.
    fn object<'a>(
        &'a self,
        parent: Option<&'a Value>,
        of: &'a str,
        set: &'a SelectionSet,
        path: &'a [Value],
    ) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
        Box::pin(async move {
            let mut fields = Vec::new();
            self.fields(set, &mut fields, path);
            let answers = fields.into_iter().map(|field| async move {
                let key = field.response_key().node.as_str();
                let path = [path, &[json!(key)]].concat();
                let value = self.field(parent, of, field, &path).await;
                (key.to_owned(), value)
            });
            Value::Object(join_all(answers).await.into_iter().collect())
        })
    }

    /// The fields of a selection, with those of its fragments.
    fn fields<'a>(&'a self, set: &'a SelectionSet, fields: &mut Vec<&'a Field>, path: &[Value]) {
        for Positioned { node, .. } in &set.items {
            let fragment = match node {
                Selection::Field(field) => {
                    fields.push(&field.node);
                    continue;
                }
                Selection::InlineFragment(fragment) => Some(&fragment.node.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let fragment = self.document.fragments.get(name);
                    fragment.map(|fragment| &fragment.node.selection_set)
                }
            };
            match fragment {
                Some(set) if self.fragments_used.fetch_add(1, Relaxed) < MAX_FRAGMENTS => {
                    self.fields(&set.node, fields, path);
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
        field: &Field,
        path: &[Value],
    ) -> Value {
        let name = field.name.node.as_str();
        let part = parent.and_then(|parent| parent.get(name));
        let name = match of {
            "" => name.to_owned(),
            of => format!("{of}.{name}"),
        };
        let found = match part.filter(|_| field.arguments.is_empty()) {
            Some(part) => Ok(part.clone()),
            None => match self.input(field, parent) {
                Ok(input) => self.request.call(&name, input).await,
                Err(error) => Err(refused(&error.to_string())),
            },
        };
        match found {
            Ok(found) => {
                let set = &field.selection_set.node;
                self.select(found, &name, set, path).await
            }
            Err(error) => {
                self.fail(path, &error);
                Value::Null
            }
        }
    }

    /// The arguments as JSON, and `parent`. A variable that was not given is null.
    fn input(
        &self,
        field: &Field,
        parent: Option<&Value>,
    ) -> serde_json::Result<Map<String, Value>> {
        let variable = |name: &str| self.variables.get(name).cloned().unwrap_or_default();
        let arguments = field.arguments.iter().map(|(name, argument)| {
            let argument = argument.node.clone();
            let argument = argument.into_const_with(|name| ConstValue::from_json(variable(&name)));
            Ok((name.node.to_string(), argument?.into_json()?))
        });
        let mut input: Map<_, _> = arguments.collect::<serde_json::Result<_>>()?;
        input.extend(parent.map(|parent| ("parent".to_owned(), parent.clone())));
        Ok(input)
    }

    /// The selected part of a value: of each element, if it is a list.
    fn select<'a>(
        &'a self,
        value: Value,
        of: &'a str,
        set: &'a SelectionSet,
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
