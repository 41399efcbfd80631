//! The functions as OpenAPI, and a page to try them on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde_json::{Map, Value, json};

use crate::Server;

/// `GET /`
pub(crate) async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}

/// `GET /openapi.json`: each function's annotations as JSON Schema.
pub(crate) async fn document(State(server): State<Arc<Server>>) -> Json<Value> {
    let mut paths = Map::new();
    for (path, function) in server.endpoints.table().functions() {
        let schema = function.schema().await.ok().flatten().unwrap_or_default();
        let of = |part: &str| json!({"application/json": {"schema": schema.get(part).unwrap_or(&Value::Bool(true))}});
        let operation = json!({
            "operationId": path.trim_start_matches('/').replace('/', "."),
            "description": schema.get("description"),
            "requestBody": {"content": of("input")},
            "responses": {
                "200": {"description": "what the function returned", "content": of("output")},
                "422": {"description": "the input does not fit the function"},
                "default": {"description": "the call failed"},
            },
        });
        paths.insert(path, json!({"post": operation}));
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {"title": "Python functions", "version": "1"},
        "paths": paths,
    }))
}
