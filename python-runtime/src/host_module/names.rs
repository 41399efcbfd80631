//! Names that Python accepts, and those that generated code uses itself.

/// The names that generated modules import.
pub(super) const IMPORTED: &[&str] = &[
    "Any",
    "Literal",
    "NotRequired",
    "TypeAlias",
    "TypedDict",
    "builtins",
];

/// The built-in types that generated modules use.
pub(super) const BUILTIN: &[&str] = &["bool", "dict", "float", "int", "list", "str", "tuple"];

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Whether `name` can be a public name in Python. Names that begin with an underscore are left to
/// the generated code, and Python treats some letters outside ASCII as equal to others.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}
