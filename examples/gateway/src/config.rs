//! Which functions there are, and who may call which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use glob::Pattern;
use python_runtime::{Function, PythonRuntime, PythonSource, SourceTree};
use serde::Deserialize;

/// `gateway.json`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// `module:function` by the name in queries. `customer.orders` is what a query finds as `orders` in a `customer`.
    functions: BTreeMap<String, String>,
    callers: BTreeMap<String, Settings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    token: String,
    may: Vec<String>,
    #[serde(default = "calls")]
    calls: u64,
    #[serde(default = "milliseconds")]
    milliseconds: u64,
}

fn calls() -> u64 {
    100
}

fn milliseconds() -> u64 {
    5_000
}

pub(crate) struct Gateway {
    functions: BTreeMap<String, Function>,
    /// By token.
    callers: BTreeMap<String, Arc<Caller>>,
}

/// What one caller may do.
pub(crate) struct Caller {
    pub(crate) name: String,
    may: Vec<Pattern>,
    /// Calls of functions in one request, those that functions make included.
    pub(crate) calls: u64,
    /// For one request.
    pub(crate) time: Duration,
}

impl Caller {
    pub(crate) fn may(&self, function: &str) -> bool {
        self.may.iter().any(|pattern| pattern.matches(function))
    }
}

impl Gateway {
    pub(crate) async fn load(runtime: &PythonRuntime, folder: &Path) -> Result<Self> {
        let path = folder.join("gateway.json");
        let named = || path.display().to_string();
        let config = fs::read_to_string(&path).with_context(named)?;
        let Config { functions, callers } = serde_json::from_str(&config).with_context(named)?;

        let tree = Arc::new(SourceTree::new().folder(folder)?);
        let mut program = runtime.program();
        for (name, target) in &functions {
            let source = PythonSource::from_tree(tree.clone(), target)?;
            program = program.function(name, source.by_keywords());
        }
        let program = program.build().await?;
        let functions = program
            .functions()
            .map(|function| (function.name().to_owned(), function))
            .collect();

        let mut by_token = BTreeMap::new();
        for (name, settings) in callers {
            let patterns = settings.may.iter().map(|pattern| Pattern::new(pattern));
            let caller = Caller {
                may: patterns
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("what `{name}` may"))?,
                calls: settings.calls,
                time: Duration::from_millis(settings.milliseconds),
                name,
            };
            if let Some(other) = by_token.insert(settings.token, Arc::new(caller)) {
                bail!(
                    "{}: two callers have the token of `{}`",
                    path.display(),
                    other.name
                );
            }
        }
        Ok(Self {
            functions,
            callers: by_token,
        })
    }

    pub(crate) fn caller(&self, token: &str) -> Option<Arc<Caller>> {
        self.callers.get(token).cloned()
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }
}
