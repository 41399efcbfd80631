//! The functions as an OpenAPI document, and a page to try them on.

use std::sync::Arc;

use aide::openapi::{
    self, Components, Info, MediaType, OpenApi, Operation, PathItem, Paths, ReferenceOr,
    RequestBody, Responses, SchemaObject, StatusCode,
};
use aide::swagger::Swagger;
use aide_schemars::transform::{RecursiveTransform, Transform};
use aide_schemars::{Schema, json_schema};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::endpoints::Table;
use crate::{Server, answer};

/// `GET /`: Swagger UI for the document at a path. All of it is in this program: it works without a
/// network, and its content security policy lets it run its own scripts and ask this server alone,
/// whatever functions say of themselves.
pub(crate) fn page(document: &str) -> ([(HeaderName, String); 1], Html<Bytes>) {
    let page = Swagger::new(document).with_title("Functions").html();
    let scripts: Vec<_> = scripts(&page)
        .map(|script| {
            format!(
                "'sha256-{}'",
                BASE64_STANDARD.encode(Sha256::digest(script))
            )
        })
        .collect();
    let policy = format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts.join(" ")
    );
    (
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(page.into()),
    )
}

/// The scripts in a page.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let (script, after) = rest.split_once("<script>")?.1.split_once("</script>")?;
        rest = after;
        Some(script)
    })
}

/// Bytes of what one function says of itself, as JSON. A longer description is left out.
const LONGEST: usize = 64 << 10;

/// Bytes of what all functions say of themselves. What comes after that is left out.
const ALL: usize = 4 << 20;

/// `GET /openapi.json`: each function's annotations as JSON Schema. Made once for the files that
/// are loaded, whoever asks for it.
pub(crate) async fn document(State(server): State<Arc<Server>>) -> Response {
    let table = server.endpoints.table();
    match table.document.get_or_try_init(|| describe(&table)).await {
        Ok(document) => ([(header::CONTENT_TYPE, JSON)], document.clone()).into_response(),
        Err(answer) => answer,
    }
}

async fn describe(table: &Table) -> Result<Bytes, Response> {
    let mut document = Document::default();
    let mut left = ALL;
    for (path, function) in table.functions() {
        let schema = match function.schema().await {
            Ok(schema) => schema.unwrap_or_default(),
            // Not to be remembered.
            Err(error) if answer::is_busy(answer::status(&error).0) => {
                return Err(answer::of(&error, false));
            }
            Err(_) => Value::Null,
        };
        let length = schema.to_string().len();
        let is_kept = length <= LONGEST.min(left);
        left -= if is_kept { length } else { 0 };
        document.add(path, if is_kept { schema } else { Value::Null });
    }
    let document = serde_json::to_vec(&document.finish());
    let document = document.map_err(|error| {
        let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        answer::problem(status, "failed", error.to_string())
    })?;
    Ok(document.into())
}

#[derive(Default)]
struct Document {
    paths: Paths,
    components: Components,
}

impl Document {
    /// Adds a function. `schema` is what [`python_runtime::Function::schema`] says of it.
    fn add(&mut self, path: String, mut schema: Value) {
        let id = path.trim_start_matches('/').replace('/', ".");
        let mut part = |name: &str| {
            let schema = schema.get_mut(name).map(Value::take);
            let schema = Schema::try_from(schema.unwrap_or_default()).unwrap_or_default();
            self.hoisted(&format!("{}.{name}", component(&id)), schema)
        };
        let (input, output) = (part("input"), part("output"));
        let module = id.rsplit_once('.').map(|(module, _)| module.to_owned());
        let description = schema.get("description").and_then(Value::as_str);
        let operation = Operation {
            tags: module.into_iter().collect(),
            description: description.map(str::to_owned),
            request_body: Some(ReferenceOr::Item(RequestBody {
                content: json(input),
                ..RequestBody::default()
            })),
            responses: Some(Responses {
                responses: [
                    (
                        StatusCode::Code(200),
                        response("The function's result", output),
                    ),
                    (
                        StatusCode::Code(422),
                        response(
                            "The input does not fit the function's annotations",
                            problem(),
                        ),
                    ),
                ]
                .into(),
                default: Some(response("The call failed", problem())),
                ..Responses::default()
            }),
            operation_id: Some(id),
            ..Operation::default()
        };
        let item = PathItem {
            post: Some(operation),
            ..PathItem::default()
        };
        self.paths.paths.insert(path, ReferenceOr::Item(item));
    }

    /// A schema whose `$defs` became components of the document, as `PREFIX.NAME`: `#/$defs` means
    /// those of the whole document, and tools that generate clients take their names from there.
    fn hoisted(&mut self, prefix: &str, mut schema: Schema) -> Schema {
        let refer = |schema: &mut Schema| {
            let schema = schema.as_object_mut();
            if let Some(Value::String(reference)) = schema.and_then(|schema| schema.get_mut("$ref"))
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/components/schemas/{prefix}.{name}");
            }
        };
        RecursiveTransform(refer).transform(&mut schema);
        if let Some(Value::Object(definitions)) = schema.remove("$defs") {
            for (name, definition) in definitions {
                let definition = Schema::try_from(definition).unwrap_or_default();
                let name = format!("{prefix}.{name}");
                self.components.schemas.insert(name, object(definition));
            }
        }
        schema
    }

    fn finish(mut self) -> OpenApi {
        let problem = json_schema!({
            "type": "object",
            "properties": {
                "error": {"type": "string"},
                "message": {"type": "string"},
                "path": {"type": "string", "description": "Where in the input, as in `$[0].price`"},
                "traceback": {"type": "string"},
            },
            "required": ["error", "message"],
        });
        let schemas = &mut self.components.schemas;
        schemas.insert(PROBLEM.to_owned(), object(problem));
        OpenApi {
            info: Info {
                title: "Python functions".to_owned(),
                version: "1".to_owned(),
                ..Info::default()
            },
            paths: Some(self.paths),
            components: Some(self.components),
            ..OpenApi::default()
        }
    }
}

const JSON: &str = "application/json";

/// The schema of the body of every error.
const PROBLEM: &str = "Problem";

fn problem() -> Schema {
    Schema::new_ref(format!("#/components/schemas/{PROBLEM}"))
}

/// An identifier as part of a component's name, which is ASCII.
fn component(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for letter in id.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => name.push(letter),
            _ => name.push_str(&format!("_{:x}", u32::from(letter))),
        }
    }
    name
}

fn response(description: &str, schema: Schema) -> ReferenceOr<openapi::Response> {
    ReferenceOr::Item(openapi::Response {
        description: description.to_owned(),
        content: json(schema),
        ..openapi::Response::default()
    })
}

/// JSON with a schema, as the content of a body.
fn json<M: From<[(String, MediaType); 1]>>(schema: Schema) -> M {
    let media = MediaType {
        schema: Some(object(schema)),
        ..MediaType::default()
    };
    M::from([(JSON.to_owned(), media)])
}

fn object(json_schema: Schema) -> SchemaObject {
    SchemaObject {
        json_schema,
        external_docs: None,
        example: None,
    }
}
