//! The functions, and which of them each caller may call.

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
    /// `module:function` by its name in queries. `customer.orders` is the field `orders` of what
    /// `customer` returns.
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
    /// By the digest of their token: how long it takes to find one tells nothing about the tokens.
    callers: BTreeMap<[u8; 32], Arc<Caller>>,
}

/// A caller and its rights.
pub(crate) struct Caller {
    pub(crate) name: String,
    may: Vec<Pattern>,
    /// How many calls a request may make, including those that functions make.
    pub(crate) calls: u64,
    /// The time limit of a request.
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
        let name = || path.display().to_string();
        let config = fs::read_to_string(&path).with_context(name)?;
        let Config { functions, callers } = serde_json::from_str(&config).with_context(name)?;

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
            if settings.token.is_empty() {
                bail!("{}: the token of `{name}` is empty", path.display());
            }
            let patterns = settings.may.iter().map(|pattern| Pattern::new(pattern));
            let caller = Caller {
                may: patterns
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("the patterns in `may` of `{name}`"))?,
                calls: settings.calls,
                time: Duration::from_millis(settings.milliseconds),
                name,
            };
            if let Some(other) = by_token.insert(digest(&settings.token), Arc::new(caller)) {
                bail!(
                    "{}: another caller has the same token as `{}`",
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
        self.callers.get(&digest(token)).cloned()
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }
}

fn digest(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
