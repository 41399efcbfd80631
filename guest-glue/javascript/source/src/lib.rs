//! Op data for the JavaScript guest, from JavaScript or TypeScript.
//!
//! The crate knows the three kinds of op data that the guest runs (`guest-glue/javascript`), and how to take the types out of
//! TypeScript. It does not know any host: what it makes is JSON.
//!
//! ```
//! # #[cfg(feature = "typescript")] {
//! use wit_wire_javascript::{Source, def, lambda};
//!
//! let double = lambda(Source::JavaScript("x => x * 2"))?;
//! let total = "function total(prices: number[]): number { return prices.reduce((a, b) => a + b, 0); }";
//! let total = def("total", Source::TypeScript(total))?;
//! assert_eq!(double["ty"], "lambda");
//! assert!(!total["source"].as_str().is_some_and(|source| source.contains("number")));
//! # }
//! # Ok::<_, wit_wire_javascript::Error>(())
//! ```
//!
//! With the feature `typescript`, source may be TypeScript. Its types are replaced by spaces: lines and columns in stack traces are those of the TypeScript. What TypeScript has beyond
//! types, and would have to be compiled (`enum`, `namespace`, parameter properties), is an error that names the place.

#[cfg(feature = "typescript")]
mod strip;

use serde_json::{Map, Value, json};

/// The text of a function or module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// As the engine runs it.
    JavaScript(&'a str),
    /// With types, which are taken out.
    #[cfg(feature = "typescript")]
    TypeScript(&'a str),
}

/// Why the types could not be taken out of TypeScript. JavaScript alone makes no errors here: the guest reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
#[non_exhaustive]
pub struct Error {
    /// The path of the module; what kind of source it is, where that has none.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// An expression whose value is the function, such as `(x) => x + 1`.
pub fn lambda(source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<lambda>", Kind::Expression)?;
    Ok(json!({"ty": "lambda", "source": source}))
}

/// A script that declares the function `func_name`; `tool.run` finds a method of an object.
pub fn def(func_name: &str, source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<def>", Kind::Script)?;
    Ok(json!({"ty": "def", "func_name": func_name, "source": source}))
}

/// An ES module that exports the function `func_name`; `default` for `export default`.
pub fn module(func_name: &str, source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<module>", Kind::Module)?;
    Ok(json!({"ty": "module", "func_name": func_name, "source": source}))
}

/// ES modules by path, of which `root` exports the function. They import each other by relative path with its ending, such
/// as `./tax.ts`. What ends in `.ts` or `.mts` is TypeScript.
pub fn modules<P: Into<String>, T: AsRef<str>>(
    func_name: &str,
    root: &str,
    sources: impl IntoIterator<Item = (P, T)>,
) -> Result<Value, Error> {
    let mut texts = Map::new();
    for (path, text) in sources {
        let (path, text) = (path.into(), text.as_ref());
        let source = match path.rsplit_once('.') {
            #[cfg(feature = "typescript")]
            Some((_, "ts" | "mts")) => Source::TypeScript(text),
            _ => Source::JavaScript(text),
        };
        let text = source.javascript(&path, Kind::Module)?;
        texts.insert(path, text.into());
    }
    Ok(json!({"ty": "module", "func_name": func_name, "root_src_path": root, "sources": texts}))
}

/// What a text is read as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Expression,
    Script,
    Module,
}

impl Source<'_> {
    #[cfg_attr(
        not(feature = "typescript"),
        expect(
            clippy::unnecessary_wraps,
            unused_variables,
            reason = "only TypeScript is read here"
        )
    )]
    fn javascript(self, file: &str, kind: Kind) -> Result<String, Error> {
        match self {
            Self::JavaScript(text) => Ok(text.to_owned()),
            #[cfg(feature = "typescript")]
            Self::TypeScript(text) => strip::strip(file, text, kind),
        }
    }
}
