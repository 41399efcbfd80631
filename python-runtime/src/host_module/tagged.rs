//! Internally tagged enums of structs, whose variants are split in two by schemars: the tag, and a
//! reference to the struct.

use serde_json::{Map, Value, json};

use super::json_schema::{properties, referred};

/// The schema, with the struct that a variant refers to merged into the variant.
pub(super) fn with_tagged_structs(schema: &Value) -> Value {
    let mut whole = schema.clone();
    if let Some(definitions) = schema.get("$defs").and_then(Value::as_object) {
        merge_tagged(&mut whole, definitions);
    }
    whole
}

fn merge_tagged(part: &mut Value, definitions: &Map<String, Value>) {
    let target = match part.get("properties") {
        Some(_) => referred(part, definitions),
        None => None,
    };
    match part {
        Value::Array(parts) => parts
            .iter_mut()
            .for_each(|part| merge_tagged(part, definitions)),
        Value::Object(object) => {
            object
                .values_mut()
                .for_each(|part| merge_tagged(part, definitions));
            let Some((target, more)) =
                target.and_then(|(_, target)| Some((target, properties(target)?)))
            else {
                return;
            };
            object.remove("$ref");
            if let Some(Value::Object(own)) = object.get_mut("properties") {
                for (name, property) in more {
                    own.entry(name).or_insert_with(|| property.clone());
                }
            }
            if let Some(Value::Array(more)) = target.get("required") {
                let own = object.entry("required").or_insert_with(|| json!([]));
                if let Value::Array(own) = own {
                    own.extend(more.iter().cloned());
                }
            }
            if let Some(description) = target.get("description") {
                let own = object.entry("description");
                own.or_insert_with(|| description.clone());
            }
        }
        _ => {}
    }
}
