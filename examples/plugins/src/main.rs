//! Plugins in Rust, JavaScript and Python, chained: the input of each is the result of the one
//! before.
//!
//! ```console
//! $ cargo xtask build-guest python rust javascript
//! $ cargo run --bin plugins '[{"sku": "tea", "quantity": 3}]' \
//!     target/guest/rust-shop.wasm:total \
//!     examples/plugins/functions/shipping.js:shipping \
//!     examples/plugins/functions/invoice.py:invoice
//! "1 lines, parcel 4.90, to pay 17.80"
//! ```
//!
//! A plugin in any language becomes a [`Function`]; from there on the language makes no difference.
//! Limits, receipts and errors are the same, and one deadline is for the whole chain.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use python_runtime::{PythonRuntime, PythonSource, printable};
use wasm_runtime::{Function, HostcallContext, HostcallError, Op, WasmRuntime};
use wit_wire_javascript::Source;

#[derive(Parser)]
struct Args {
    /// The input of the first plugin, as JSON.
    input: String,
    /// Plugins, each a file and a function in it: `.wasm` (a component written in any language),
    /// `.js` or `.py`.
    #[arg(required = true, value_name = "FILE:FUNCTION")]
    plugins: Vec<String>,
    /// The time limit of the whole chain.
    #[arg(long, default_value = "2000")]
    milliseconds: u64,
}

/// The one hostcall of plugins: `hostcall("price", "tea")`.
async fn price(_: HostcallContext, article: String) -> Result<f64, HostcallError> {
    match article.as_str() {
        "tea" => Ok(4.3),
        "cup" => Ok(12.0),
        "parcel" => Ok(4.9),
        _ => Err(HostcallError::new(
            "missing",
            format!("no price for {article}"),
        )),
    }
}

/// Turns files into functions.
struct Plugins {
    python: PythonRuntime,
    wasm: WasmRuntime,
}

impl Plugins {
    async fn load(&self, plugin: &str) -> Result<Function> {
        let Some((file, name)) = plugin.rsplit_once(':') else {
            bail!("invalid plugin: expected FILE:FUNCTION");
        };
        let file = Path::new(file);
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("py") => {
                let folder = file.parent().filter(|folder| *folder != Path::new(""));
                let module = file.file_stem().unwrap_or_default().display();
                let source = PythonSource::from_path(
                    folder.unwrap_or(Path::new(".")),
                    &format!("{module}:{name}"),
                )?;
                Ok(self.python.function(source).await?)
            }
            Some("js") => {
                let source = std::fs::read_to_string(file)?;
                let data = wit_wire_javascript::module(name, Source::JavaScript(&source))?;
                self.component(&javascript(), Op::new(name).with_data(&data))
                    .await
            }
            Some("wasm") => self.component(file, Op::new(name)).await,
            _ => bail!("unknown kind of plugin: expected a .wasm, .js or .py file"),
        }
    }

    async fn component(&self, file: &Path, op: Op) -> Result<Function> {
        let component = self.wasm.component_from_path(file).await?;
        let program = component.program([op]).build().await?;
        program
            .functions()
            .next()
            .context("the component has no function")
    }
}

/// The guest that runs JavaScript.
fn javascript() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guest/javascript.wasm")
}

#[tokio::main]
async fn main() -> Result<()> {
    wasm_runtime::run_if_compiler();
    let args = Args::parse();
    let plugins = Plugins {
        python: PythonRuntime::builder().hostcall("price", price).build()?,
        wasm: WasmRuntime::builder().hostcall("price", price).build()?,
    };
    let mut functions = Vec::new();
    for plugin in &args.plugins {
        let loaded = plugins.load(plugin).await;
        functions.push((plugin, loaded.with_context(|| plugin.clone())?));
    }

    let deadline = Instant::now() + Duration::from_millis(args.milliseconds);
    let mut value = args.input;
    for (plugin, function) in functions {
        let (answer, receipt) = function
            .call_raw(value)
            .deadline(deadline)
            .with_receipt()
            .await;
        eprintln!(
            "{plugin}: {:.2?}, {} hostcalls, cleaned by {:?}",
            receipt.wall_time, receipt.hostcalls, receipt.cleaned_by
        );
        let answer = answer.map_err(|error| anyhow!("{}", printable(&error.to_string()).lines()));
        value = answer.with_context(|| plugin.clone())?.to_string();
    }
    println!("{value}");
    Ok(())
}
