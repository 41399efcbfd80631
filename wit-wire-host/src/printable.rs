//! Words of guests and of callers, for logs and terminals.

use std::fmt;

/// Bytes of a text, unless [`Printable::limit`] sets another number.
const LIMIT: usize = 16 << 10;

/// A text that is not trusted, such as an error message of a guest, as one line that can be written
/// to a log or a terminal: what would move a cursor, change colours, begin a line or turn the
/// direction of writing becomes `\n`, `\r` or `\u` and four hexadecimal digits. After 16 KiB it is
/// cut, and says how much is missing.
///
/// Escapes are those of JSON, so that JSON stays JSON. Tabs and backslashes stay as they are.
///
/// ```
/// use wit_wire_host::printable;
///
/// let said = "done\n\u{1b}[2Kadmin logged in";
/// assert_eq!(printable(said).to_string(), r"done\n\u001b[2Kadmin logged in");
/// assert_eq!(printable("a long text").limit(6).to_string(), "a long [5 more bytes]");
/// ```
pub fn printable(text: &str) -> Printable<'_> {
    Printable {
        text,
        limit: LIMIT,
        keeps_lines: false,
    }
}

/// See [`printable`]. Display it.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Printable<'t> {
    text: &'t str,
    limit: usize,
    keeps_lines: bool,
}

impl Printable<'_> {
    /// Keeps `\n`: for terminals, where a traceback has several lines.
    pub fn lines(self) -> Self {
        Self {
            keeps_lines: true,
            ..self
        }
    }

    /// After how many bytes the text is cut. Default: 16 KiB.
    pub fn limit(self, bytes: usize) -> Self {
        Self {
            limit: bytes,
            ..self
        }
    }

    fn escapes(&self, character: char) -> bool {
        match character {
            '\t' => false,
            '\n' => !self.keeps_lines,
            // Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm, and
            // its separators of lines and paragraphs.
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => true,
            other => other.is_control(),
        }
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, cut) = self
            .text
            .split_at(self.text.floor_char_boundary(self.limit));
        for part in kept.split_inclusive(|character| self.escapes(character)) {
            let mut before = part.chars();
            match before.next_back() {
                Some(last) if self.escapes(last) => {
                    f.write_str(before.as_str())?;
                    match last {
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        other => write!(f, "\\u{:04x}", u32::from(other))?,
                    }
                }
                _ => f.write_str(part)?,
            }
        }
        match cut.len() {
            0 => Ok(()),
            more => write!(f, " [{more} more bytes]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_a_log_is_escaped_and_the_rest_stays() {
        for (text, expected) in [
            ("größer\t日本 🙂 \\n \"", "größer\t日本 🙂 \\n \""),
            ("a\r\nINFO admin", r"a\r\nINFO admin"),
            (
                "\0\u{7}\u{8}\u{1b}]0;x\u{7f}",
                r"\u0000\u0007\u0008\u001b]0;x\u007f",
            ),
            ("\u{85}\u{9b}31m", r"\u0085\u009b31m"),
            ("\u{2028}\u{2029}", r"\u2028\u2029"),
            (
                "\u{202a}\u{202e}\u{2066}\u{2069}",
                r"\u202a\u202e\u2066\u2069",
            ),
            ("\u{61c}\u{200e}\u{200f}", r"\u061c\u200e\u200f"),
            ("", ""),
        ] {
            assert_eq!(printable(text).to_string(), expected, "{text:?}");
        }
        let lines = "Traceback:\n  a\rb\n";
        assert_eq!(
            printable(lines).lines().to_string(),
            "Traceback:\n  a\\rb\n"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_much_is_missing() {
        assert_eq!(printable("aßc").limit(2).to_string(), "a [3 more bytes]");
        assert_eq!(printable("aßc").limit(4).to_string(), "aßc");
        let long = "x".repeat(4 << 20);
        let said = printable(&long).to_string();
        assert!(said.ends_with("x [4177920 more bytes]"), "{}", said.len());
    }
}
