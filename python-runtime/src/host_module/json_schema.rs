//! Parts of a JSON Schema that several readers look at.

use serde_json::{Map, Value};

/// The definition that a schema refers to.
pub(super) fn referred<'r>(
    schema: &Value,
    definitions: &'r Map<String, Value>,
) -> Option<(&'r str, &'r Value)> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    let name = name.replace("~1", "/").replace("~0", "~");
    let (name, schema) = definitions.get_key_value(&name)?;
    Some((name, schema))
}

/// The properties of an object that can have no others.
pub(super) fn properties(value: &Value) -> Option<&Map<String, Value>> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    let is_more = ["$ref", "allOf", "anyOf", "oneOf"]
        .iter()
        .any(|key| value.get(key).is_some())
        || !matches!(
            value.get("additionalProperties"),
            None | Some(Value::Bool(false))
        );
    if is_more || string(value, "type") != "object" {
        return None;
    }
    match value.get("properties") {
        Some(found) => found.as_object(),
        None => Some(&NONE),
    }
}

/// The string under `key`; empty if there is none.
pub(super) fn string<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
