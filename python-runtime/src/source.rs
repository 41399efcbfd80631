//! What a function is made from.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::tree::SourceTree;

/// The source of one Python function. It takes the input, or the input and a context through which it makes hostcalls.
///
/// ```no_run
/// # fn example() -> Result<(), python_runtime::Error> {
/// use python_runtime::{PythonSource, SourceTree};
///
/// let double = PythonSource::lambda("lambda x: x * 2");
/// let greet = PythonSource::def("greet", "def greet(name):\n    return f'Hello, {name}!'\n");
/// let total = PythonSource::from_path("app", "shop.cart:total")?;
///
/// // From memory, called with the arguments by name.
/// let tree = SourceTree::new().file("sums.py", "def add(a: int, b: int = 0):\n    return a + b\n")?;
/// let add = PythonSource::from_tree(tree, "sums:add")?.by_keywords();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PythonSource {
    kind: Kind,
    by_keywords: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Lambda {
        source: String,
    },
    Def {
        function: String,
        source: String,
    },
    Module {
        function: String,
        root: String,
        tree: Arc<SourceTree>,
    },
}

impl PythonSource {
    /// An expression whose value is the function, such as `lambda x: x + 1`.
    pub fn lambda(source: impl Into<String>) -> Self {
        Self::new(Kind::Lambda {
            source: source.into(),
        })
    }

    /// The function `function` of a piece of source.
    pub fn def(function: impl Into<String>, source: impl Into<String>) -> Self {
        Self::new(Kind::Def {
            function: function.into(),
            source: source.into(),
        })
    }

    /// The function `target`, such as `shop.cart:total`, of the modules in a folder ([`SourceTree::folder`]).
    pub fn from_path(folder: impl AsRef<Path>, target: &str) -> Result<Self, Error> {
        Self::from_tree(SourceTree::new().folder(folder)?, target)
    }

    /// The function `target`, such as `shop.cart:total`, of the modules in a tree. Functions of one program that come
    /// from the same tree share its modules.
    pub fn from_tree(tree: impl Into<Arc<SourceTree>>, target: &str) -> Result<Self, Error> {
        let tree = tree.into();
        let (module, function) = target.split_once(':').ok_or_else(|| Error::Target {
            target: target.to_owned(),
        })?;
        let root = tree.module(module)?;
        Ok(Self::new(Kind::Module {
            function: function.to_owned(),
            root,
            tree,
        }))
    }

    /// The same function, called by keywords: its input is an object that has the arguments by name, as in
    /// `{"a": 1, "b": 2}` for `def add(a: int, b: int = 0)`. A parameter `ctx` gets the context.
    #[must_use]
    pub fn by_keywords(self) -> Self {
        Self {
            by_keywords: true,
            ..self
        }
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            by_keywords: false,
        }
    }

    /// The function's own name: what it is called in a program unless given another name.
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Lambda { .. } => "lambda",
            Kind::Def { function, .. } | Kind::Module { function, .. } => function,
        }
    }

    /// The op data that the guest takes. A tree that is among `sent` is left out: the guest has it from an earlier op.
    pub(crate) fn op_data(&self, sent: &mut Vec<Arc<SourceTree>>) -> Value {
        let mut data = match &self.kind {
            Kind::Lambda { source } => json!({"ty": "lambda", "source": source}),
            Kind::Def { function, source } => {
                json!({"ty": "def", "func_name": function, "source": source})
            }
            Kind::Module {
                function,
                root,
                tree,
            } => {
                let mut sources = Map::new();
                if !sent.contains(tree) {
                    let files = tree.files();
                    sources.extend(files.map(|(path, file)| (path.to_owned(), content(file))));
                    sent.push(tree.clone());
                }
                json!({"ty": "import_function", "func_name": function, "root_src_path": root, "sources": sources})
            }
        };
        if self.by_keywords
            && let Some(fields) = data.as_object_mut()
        {
            fields.insert("call".into(), "keywords".into());
        }
        data
    }
}

/// Text as it is; what is not UTF-8, or begins as only a file may, in base64.
fn content(file: &[u8]) -> Value {
    match std::str::from_utf8(file) {
        Ok(text) if !text.starts_with('\u{feff}') => text.into(),
        _ => json!({"base64": STANDARD.encode(file)}),
    }
}
