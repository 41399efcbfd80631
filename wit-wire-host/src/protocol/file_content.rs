//! A file's content as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A file's content in the form in which guests take files: a string if it is UTF-8 without a byte
/// order mark, otherwise `{"base64": "..."}`.
pub fn file_content(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        // JSON decoders may drop a byte order mark at the beginning of a string.
        Ok(text) if !text.starts_with('\u{feff}') => text.into(),
        _ => json!({"base64": STANDARD.encode(bytes)}),
    }
}
