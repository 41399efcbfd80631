//! Op data for the JavaScript guest, from JavaScript or TypeScript.
//!
//! The crate knows the three kinds of op data that the guest understands (`guest-glue/javascript`),
//! and how to remove the types from TypeScript. It knows no host: what it returns is JSON.
//!
//! ```
//! # #[cfg(feature = "typescript")] {
//! use wit_wire_javascript::{Source, def, lambda};
//!
//! let double = lambda(Source::JavaScript("x => x * 2"))?;
//! let first = "function first(prices: number[]): number { return prices[0]; }";
//! let first = def("first", Source::TypeScript(first))?;
//! assert_eq!(double["ty"], "lambda");
//! assert!(!first["source"].as_str().is_some_and(|source| source.contains("number")));
//! # }
//! # Ok::<_, wit_wire_javascript::Error>(())
//! ```
//!
//! With the feature `typescript`, source may be TypeScript. Its types are replaced by spaces, so
//! that stack traces have the lines and columns of the TypeScript. Syntax that has to be compiled
//! (`enum`, `namespace`, parameter properties) is an error with its location.
//!
//! The module `strip` removes the types; everything else is in this file.

#[cfg(feature = "typescript")]
mod strip;

use serde_json::{Map, Value, json};

/// Source code of a function or module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source<'a> {
    /// JavaScript, which is passed on unchanged.
    JavaScript(&'a str),
    /// TypeScript, whose types are removed.
    #[cfg(feature = "typescript")]
    TypeScript(&'a str),
}

/// Why the types could not be removed from TypeScript. JavaScript is not checked here: the guest
/// parses it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
#[non_exhaustive]
pub struct Error {
    /// The path of the module, or the kind of source if it has no path, such as `<lambda>`.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Op data of an expression whose value is the function, such as `(x) => x + 1`.
///
/// # Errors
///
/// [`Error`] if the source is TypeScript whose types can't be removed.
pub fn lambda(source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<lambda>", Kind::Expression)?;
    Ok(json!({"ty": "lambda", "source": source}))
}

/// Op data of a script that declares the function `func_name`; `tool.run` is the method `run` of
/// the object `tool`.
///
/// # Errors
///
/// Those of [`lambda`].
pub fn def(func_name: &str, source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<def>", Kind::Script)?;
    Ok(json!({"ty": "def", "func_name": func_name, "source": source}))
}

/// Op data of an ES module that exports the function `func_name`; `default` for `export default`.
///
/// # Errors
///
/// Those of [`lambda`].
pub fn module(func_name: &str, source: Source<'_>) -> Result<Value, Error> {
    let source = source.javascript("<module>", Kind::Module)?;
    Ok(json!({"ty": "module", "func_name": func_name, "source": source}))
}

/// Op data of several ES modules by path, of which `root` exports the function `func_name`. They
/// import each other by relative path with extension, such as `./tax.ts`. Files with the extension
/// `.ts` or `.mts` are TypeScript.
///
/// # Errors
///
/// Those of [`lambda`].
pub fn modules<P: Into<String>, S: AsRef<str>>(
    func_name: &str,
    root: &str,
    sources: impl IntoIterator<Item = (P, S)>,
) -> Result<Value, Error> {
    let mut modules = Map::new();
    for (path, source) in sources {
        let (path, source) = (path.into(), source.as_ref());
        let source = match path.rsplit_once('.') {
            #[cfg(feature = "typescript")]
            Some((_, "ts" | "mts")) => Source::TypeScript(source),
            _ => Source::JavaScript(source),
        };
        let source = source.javascript(&path, Kind::Module)?;
        modules.insert(path, source.into());
    }
    Ok(json!({"ty": "module", "func_name": func_name, "root_src_path": root, "sources": modules}))
}

/// What source is parsed as.
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
            reason = "only TypeScript is parsed here"
        )
    )]
    /// The source as JavaScript, parsed as `kind` if it is TypeScript.
    fn javascript(self, file: &str, kind: Kind) -> Result<String, Error> {
        match self {
            Self::JavaScript(source) => Ok(source.to_owned()),
            #[cfg(feature = "typescript")]
            Self::TypeScript(source) => strip::strip(file, source, kind),
        }
    }
}
