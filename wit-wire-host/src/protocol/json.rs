//! How much a JSON text becomes when it is parsed.

/// An upper bound of the values and keys in `text`: its brackets, commas and colons outside of
/// strings, and one.
///
/// What a parser makes of a text takes memory per value, not per byte: `[0],` has 4 bytes, and
/// becomes some 400 as a `serde_json::Value`. Count before you parse a guest's text into types that
/// may hold any number of values, and compare with a limit of your own. [`Call`](crate::Call)s and
/// hostcalls do so with [`Limits::json_nodes`](crate::Limits::json_nodes).
///
/// ```
/// use wit_wire_host::json_nodes;
///
/// assert_eq!(json_nodes("[19.9, 5.0]"), 3);
/// assert_eq!(json_nodes(r#""a, [text]""#), 1);
/// ```
pub fn json_nodes(text: &str) -> usize {
    let mut counter = NodeCounter::default();
    counter.read(text.as_bytes());
    counter.nodes()
}

/// Counts in parts: a long text takes milliseconds.
#[derive(Default)]
pub(crate) struct NodeCounter {
    structure: usize,
    in_string: bool,
    escaped: bool,
}

impl NodeCounter {
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.in_string = !self.in_string,
                b'\\' if self.in_string => self.escaped = true,
                b'[' | b'{' | b',' | b':' if !self.in_string => self.structure += 1,
                _ => {}
            }
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.structure + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_inside_of_strings_does_not_count() {
        for (text, nodes) in [
            ("", 1),
            ("17", 1),
            ("[]", 2),
            ("[[],[]]", 5),
            (r#"{"a":{"b":0}}"#, 5),
            (r#"["\"[,", "\\", "]"]"#, 4),
            (r#""\\\"[[[[""#, 1),
            ("[\"\u{e9},\", 1]", 3),
        ] {
            assert_eq!(json_nodes(text), nodes, "{text}");
        }
    }

    #[test]
    fn parts_count_like_the_whole() {
        let text = r#"{"a\"":[1,2,{"\\":"[,"}],"b":",:\\"}"#;
        for at in 0..text.len() {
            let mut counter = NodeCounter::default();
            let (one, other) = text.as_bytes().split_at(at);
            counter.read(one);
            counter.read(other);
            assert_eq!(counter.nodes(), json_nodes(text), "split at {at}");
        }
    }
}
