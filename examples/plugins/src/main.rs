//! Plugins in Rust, JavaScript and Python, one after the other: each is given what the one before it returned.
//!
//! ```console
//! $ cargo xtask build-guest python rust javascript
//! $ cargo run --bin plugins '[{"sku": "tea", "quantity": 3}]' \
//!     target/guest/rust-shop.wasm:total examples/plugins/functions/shipping.js:shipping examples/plugins/functions/invoice.py:invoice
//! "1 lines, parcel 4.90, to pay 17.80"
//! ```
//!
//! A plugin of whatever language becomes a [`Function`], and nothing after that asks which it was: the same limits, receipts
//! and errors, and one deadline for all of them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use python_runtime::{PythonRuntime, PythonSource};
use wasm_runtime::{Function, HostcallContext, HostcallError, Op, WasmRuntime};
use wit_wire_javascript::Source;

#[derive(Parser)]
struct Args {
    /// What the first plugin is given, as JSON.
    input: String,
    /// Plugins, each a file and a function of it: `.wasm` (a component, whatever it was written in), `.js` or `.py`.
    #[arg(required = true, value_name = "FILE:FUNCTION")]
    plugins: Vec<String>,
    /// For all of them together.
    #[arg(long, default_value = "2000")]
    milliseconds: u64,
}

/// What every plugin may ask for: `hostcall("price", "tea")`.
async fn price(_: HostcallContext, article: String) -> Result<f64, HostcallError> {
    match article.as_str() {
        "tea" => Ok(4.3),
        "cup" => Ok(12.0),
        "parcel" => Ok(4.9),
        _ => Err(HostcallError::new(
            "missing",
            format!("there is no {article}"),
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
            bail!("a plugin is FILE:FUNCTION");
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
            _ => bail!("the file is .wasm, .js or .py"),
        }
    }

    async fn component(&self, file: &Path, op: Op) -> Result<Function> {
        let component = self.wasm.component_from_path(file).await?;
        let program = component.program([op]).build().await?;
        program.functions().next().context("it has no function")
    }
}

/// The guest that runs JavaScript.
fn javascript() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guest/javascript.wasm")
}

#[tokio::main]
async fn main() -> Result<()> {
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
            "{plugin}: {:.2?}, {} hostcalls, clean state by {:?}",
            receipt.wall_time, receipt.hostcalls, receipt.cleaned_by
        );
        value = answer.with_context(|| plugin.clone())?;
    }
    println!("{value}");
    Ok(())
}
