//! The functions of a folder, by the path of the request that calls them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Result;
use axum::body::Bytes;
use python_runtime::{
    Error, Function, Limits, Program, PythonError, PythonRuntime, PythonSource, SourceTree,
    printable,
};
use tokio::sync::OnceCell;

/// Run in the sandbox: which functions of a file are endpoints, and which of some module names
/// belong to the standard library.
const INSPECTION: &str = "
import ast
import sys

def names(source):
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    return [node.name for node in ast.parse(source).body if isinstance(node, kinds) and takes_an_input(node)]

def takes_an_input(function):
    parameters = function.args
    required = len(parameters.posonlyargs) + len(parameters.args) - len(parameters.defaults)
    return not function.name.startswith('_') and required <= 2 and None not in parameters.kw_defaults

def standard(modules):
    return [module for module in modules if module in sys.stdlib_module_names]
";

/// Stands for the functions of a file that cannot be parsed.
const UNPARSABLE: &str = "_";

/// The time limit for loading a file, which should do no more than define functions.
const LOADING: Duration = Duration::from_secs(2);

pub(crate) struct Endpoints {
    folder: PathBuf,
    names: Function,
    standard: Function,
    table: RwLock<Arc<Table>>,
    /// Whether the folder could not be read when it was last looked at: the table is that of
    /// before.
    is_stale: AtomicBool,
}

/// What is served at a moment. A request keeps the table that it began with.
#[derive(Default)]
pub(crate) struct Table {
    /// All files, also those that cannot be loaded.
    all: SourceTree,
    /// By file.
    modules: BTreeMap<String, Module>,
    /// `openapi` describes them, once somebody asks.
    pub(crate) document: OnceCell<Bytes>,
}

#[derive(Clone, Default)]
pub(crate) struct Module {
    program: Option<Program>,
    /// Whether the current file cannot be loaded; `program` is its previous version.
    is_broken: bool,
}

impl Endpoints {
    /// Loads the functions of `folder`. A file that cannot be loaded is not an error: see
    /// [`Self::problems`].
    pub(crate) async fn load(runtime: &PythonRuntime, folder: PathBuf) -> Result<Self> {
        let endpoints = Self {
            folder,
            names: runtime
                .function(PythonSource::def("names", INSPECTION))
                .await?,
            standard: runtime
                .function(PythonSource::def("standard", INSPECTION))
                .await?,
            table: RwLock::default(),
            is_stale: AtomicBool::new(false),
        };
        endpoints.reload(runtime).await?;
        Ok(endpoints)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The files whose current version cannot be loaded; `.` if that is so for the whole folder.
    pub(crate) fn problems<'t>(&self, table: &'t Table) -> Vec<&'t str> {
        let folder = self.is_stale.load(Relaxed).then_some(".");
        folder.into_iter().chain(table.problems()).collect()
    }

    /// Loads the current files, if any has changed. An error concerns all of them: one that cannot
    /// be loaded is none.
    pub(crate) async fn reload(&self, runtime: &PythonRuntime) -> Result<()> {
        let loaded = self.load_changed(runtime).await;
        self.is_stale.store(loaded.is_err(), Relaxed);
        loaded
    }

    async fn load_changed(&self, runtime: &PythonRuntime) -> Result<()> {
        let all = SourceTree::new().folder(&self.folder)?;
        let before = self.table();
        if all == before.all {
            return Ok(());
        }
        let mut modules = BTreeMap::new();
        let tree = Arc::new(self.without_standard(&all, &mut modules).await?);
        for (file, source) in tree.files() {
            let module = match self.module(runtime, &tree, file, source).await {
                Ok(program) => Module {
                    program,
                    is_broken: false,
                },
                Err(error) => {
                    tracing::warn!("{}: {}", printable(file), printable(&error));
                    Module {
                        program: before
                            .modules
                            .get(file)
                            .and_then(|module| module.program.clone()),
                        is_broken: true,
                    }
                }
            };
            modules.insert(file.to_owned(), module);
        }
        let table = Arc::new(Table {
            all,
            modules,
            document: OnceCell::new(),
        });
        tracing::info!(
            functions = table.functions().count(),
            "loaded {}",
            self.folder.display()
        );
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        Ok(())
    }

    /// The files that do not hide a standard module: with one that does, none could be loaded.
    async fn without_standard(
        &self,
        all: &SourceTree,
        modules: &mut BTreeMap<String, Module>,
    ) -> Result<SourceTree> {
        let names: Vec<String> = all.files().map(|(file, _)| dotted(file)).collect();
        let own: Vec<String> = self.standard.call(&names).await?;
        let mut tree = SourceTree::new();
        for (file, source) in all.files() {
            if own.contains(&dotted(file)) {
                tracing::warn!(
                    "{}: it would hide a module of the standard library: rename it",
                    printable(file)
                );
                let module = Module {
                    program: None,
                    is_broken: true,
                };
                modules.insert(file.to_owned(), module);
            } else {
                tree = tree.file(file, source)?;
            }
        }
        Ok(tree)
    }

    /// The program of a file, if it has functions.
    async fn module(
        &self,
        runtime: &PythonRuntime,
        tree: &Arc<SourceTree>,
        file: &str,
        source: &[u8],
    ) -> Result<Option<Program>, String> {
        let source = std::str::from_utf8(source).map_err(|error| error.to_string())?;
        let names: Vec<String> = match self.names.call(source).await {
            Ok(names) => names,
            // Loading it reports the error and its place.
            Err(error) if PythonError::of(&error).is_some() => vec![UNPARSABLE.to_owned()],
            Err(error) => return Err(error.to_string()),
        };
        if names.is_empty() {
            return Ok(None);
        }
        let limits = Limits::default().wall_time(LOADING);
        let mut program = runtime.program().limits(limits);
        for name in &names {
            let target = format!("{}:{name}", dotted(file));
            let source = PythonSource::from_tree(tree.clone(), &target);
            program = program.function(name, source.map_err(|error| error.to_string())?);
        }
        match program.build().await {
            Ok(program) => Ok(Some(program)),
            Err(Error::Python { op, error }) if op == UNPARSABLE => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Table {
    /// The function at `path`, such as `shop/cart/total`. It has no other path.
    pub(crate) fn function(&self, path: &str) -> Option<Function> {
        let (module, name) = path.rsplit_once('/')?;
        let files = [format!("{module}.py"), format!("{module}/__init__.py")];
        let mut found = files.iter().filter(|file| self::path(file) == module);
        let found = found.find_map(|file| self.modules.get(file))?;
        found.program.as_ref()?.function(name).ok()
    }

    /// All functions with their paths.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (String, Function)> {
        self.modules.iter().flat_map(|(file, module)| {
            let functions = module.program.iter().flat_map(Program::functions);
            functions
                .map(move |function| (format!("/{}/{}", path(file), function.name()), function))
        })
    }

    fn problems(&self) -> impl Iterator<Item = &str> {
        let broken = self.modules.iter().filter(|(_, module)| module.is_broken);
        broken.map(|(file, _)| file.as_str())
    }
}

/// `shop/cart.py` is `shop/cart`, and `shop/__init__.py` is `shop`.
fn path(file: &str) -> &str {
    let module = file.strip_suffix(".py").unwrap_or(file);
    module.strip_suffix("/__init__").unwrap_or(module)
}

fn dotted(file: &str) -> String {
    path(file).replace('/', ".")
}
