//! `cargo xtask conformance`: what the protocol asks of every guest, asked of guests.

mod case;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value};
use wit_wire_host::printable;

use crate::shell;
use case::Case;

#[derive(Parser)]
pub(crate) struct Args {
    /// The guest to ask, a component. Without it, all of our own.
    component: Option<PathBuf>,
    /// For a guest that runs source code: a JSON object from op name to op data.
    #[arg(long, requires = "component")]
    data: Option<PathBuf>,
}

/// Our own guests: name of the component, and its language.
const OURS: [(&str, &str); 5] = [
    ("python", "python"),
    ("rust", "rust"),
    ("rust-no-wasi", "rust"),
    ("javascript", "javascript"),
    ("c", "c"),
];

/// A guest and the data of its ops.
struct Guest {
    name: String,
    component: PathBuf,
    data: Option<PathBuf>,
}

pub(crate) fn conformance(args: Args) -> Result<()> {
    let guests = match args.component {
        Some(component) => vec![Guest {
            name: component
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            component,
            data: args.data,
        }],
        None => ours()?,
    };
    let tokio = tokio::runtime::Runtime::new()?;
    let files: Vec<(&str, Vec<Case>)> = case::FILES
        .iter()
        .map(|(file, text)| Ok((*file, case::read(file, text)?)))
        .collect::<Result<_>>()?;

    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let names = guests.iter().map(|guest| guest.name.as_str());
    table.set_header(std::iter::once("").chain(names));
    let mut failures = Vec::new();
    let mut rows: Vec<Vec<String>> = files
        .iter()
        .map(|(file, _)| vec![(*file).to_owned()])
        .collect();
    for guest in &guests {
        let passed = tokio
            .block_on(ask(guest, &files, &mut failures))
            .with_context(|| guest.name.clone())?;
        for ((row, (_, cases)), passed) in rows.iter_mut().zip(&files).zip(passed) {
            row.push(format!("{passed}/{}", cases.len()));
        }
    }
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    for failure in &failures {
        println!("\nFAILED {}", printable(failure).lines());
    }
    match failures.len() {
        0 => Ok(()),
        1 => bail!("one case failed"),
        many => bail!("{many} cases failed"),
    }
}

/// How many cases of each file `guest` passes.
async fn ask(
    guest: &Guest,
    files: &[(&str, Vec<Case>)],
    failures: &mut Vec<String>,
) -> Result<Vec<usize>> {
    let data = match &guest.data {
        None => Map::new(),
        Some(path) => read(path)?,
    };
    let script = run::Script::default();
    let runtime = script.runtime()?;
    let component = runtime.component_from_path(&guest.component).await?;
    let mut passed = Vec::new();
    for (file, cases) in files {
        let mut count = 0;
        for case in cases {
            match run::run(case, &component, &data, &script).await {
                Ok(()) => count += 1,
                Err(error) => failures.push(format!(
                    "{} · {file} · {}\n  {error:#}",
                    guest.name, case.name
                )),
            }
        }
        passed.push(count);
    }
    Ok(passed)
}

fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is no object from op name to data", path.display()))
}

fn ours() -> Result<Vec<Guest>> {
    shell::build_guests(&["all"])?;
    let data = |language: &str| {
        let path = shell::root().join(format!("guest-glue/{language}/conformance.json"));
        path.exists().then_some(path)
    };
    let guests = OURS.iter().map(|(name, language)| Guest {
        name: (*name).to_owned(),
        component: shell::guests().join(format!("{name}.wasm")),
        data: data(language),
    });
    Ok(guests.collect())
}
