//! Python literals: strings, docstrings, lists of names.

use std::collections::BTreeSet;

use super::types::Field;

/// A function's documentation, followed by that of its parameters.
pub(super) fn function_doc(doc: &str, fields: &[Field]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .filter(|field| !field.doc.is_empty())
        .map(|field| format!("{}: {}", field.name, field.doc))
        .collect();
    let parts = [doc.to_owned(), fields.join("\n")];
    let parts = parts.iter().filter(|part| !part.is_empty());
    parts.map(String::as_str).collect::<Vec<_>>().join("\n\n")
}

/// `text` as a docstring whose lines after the first are indented with `indent`.
pub(super) fn docstring(text: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let mut escaped = String::new();
        let mut chars = line.trim_end().chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', _) => escaped += r"\\",
                // A single quotation mark does not end the docstring.
                ('"', None | Some('"')) => escaped += r#"\""#,
                (c, _) if c.is_control() => escaped += &format!(r"\x{:02x}", u32::from(c)),
                (c, _) => escaped.push(c),
            }
        }
        lines.push(match lines.is_empty() || escaped.is_empty() {
            true => escaped,
            false => format!("{indent}{escaped}"),
        });
    }
    let end = match lines.len() {
        0 | 1 => String::new(),
        _ => format!("\n{indent}"),
    };
    format!(r#""""{}{end}""""#, lines.join("\n"))
}

/// A string in Python syntax: JSON's escapes are a subset of Python's.
pub(super) fn string(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Names in order, separated by commas.
pub(super) fn list(names: &BTreeSet<&str>) -> String {
    let names: Vec<_> = names.iter().copied().collect();
    names.join(", ")
}
