//! What one function is made from.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use wit_wire_host::file_content;

use crate::error::Error;
use crate::source::tree::SourceTree;

/// The source of one Python function, which takes the input, or the input and a context for making
/// hostcalls.
///
/// ```no_run
/// # fn example() -> Result<(), python_runtime::Error> {
/// use python_runtime::{PythonSource, SourceTree};
///
/// let double = PythonSource::lambda("lambda x: x * 2");
/// let greet = PythonSource::def("greet", "def greet(name): return f'Hello, {name}!'");
/// let total = PythonSource::from_path("app", "shop.cart:total")?;
///
/// // From memory, with the arguments passed by name.
/// let tree = SourceTree::new().file("sums.py", "def add(a: int, b: int = 0): return a + b")?;
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

    /// The function called `function` that the string `source` defines.
    pub fn def(function: impl Into<String>, source: impl Into<String>) -> Self {
        Self::new(Kind::Def {
            function: function.into(),
            source: source.into(),
        })
    }

    /// The function `target`, such as `shop.cart:total`, of the modules in a folder.
    ///
    /// # Errors
    ///
    /// Those of [`SourceTree::folder`] and of [`from_tree`](Self::from_tree).
    pub fn from_path(folder: impl AsRef<Path>, target: &str) -> Result<Self, Error> {
        Self::from_tree(SourceTree::new().folder(folder)?, target)
    }

    /// The function `target`, such as `shop.cart:total`, of the modules in a tree. Functions of one
    /// program that come from the same tree share its modules.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if `target` does not have the form `module:function`, [`Error::NoModule`]
    /// if the tree lacks the module.
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

    /// Calls the function with keyword arguments: the input is an object of arguments by name, such
    /// as `{"a": 1, "b": 2}` for `def add(a: int, b: int = 0)`. A parameter `ctx` receives the
    /// context.
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

    /// The function's own name, under which
    /// [`PythonRuntime::function`](crate::PythonRuntime::function) registers it.
    pub fn name(&self) -> &str {
        match &self.kind {
            Kind::Lambda { .. } => "lambda",
            Kind::Def { function, .. } | Kind::Module { function, .. } => function,
        }
    }

    /// The op data for the guest. Omits a tree that is in `sent`, which the guest has from an
    /// earlier op.
    pub(crate) fn op_data(&self, sent: &mut Vec<Arc<SourceTree>>) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        match &self.kind {
            Kind::Lambda { source } => {
                set("ty", "lambda".into());
                set("source", source.as_str().into());
            }
            Kind::Def { function, source } => {
                set("ty", "def".into());
                set("func_name", function.as_str().into());
                set("source", source.as_str().into());
            }
            Kind::Module {
                function,
                root,
                tree,
            } => {
                let mut sources = Map::new();
                if !sent.contains(tree) {
                    let files = tree.files();
                    sources.extend(files.map(|(path, file)| (path.to_owned(), file_content(file))));
                    sent.push(tree.clone());
                }
                set("ty", "import_function".into());
                set("func_name", function.as_str().into());
                set("root_src_path", root.as_str().into());
                set("sources", sources.into());
            }
        }
        if self.by_keywords {
            set("call", "keywords".into());
        }
        fields
    }
}
