//! `cargo xtask call COMPONENT OP INPUT`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use python_cli::report;
use wasm_runtime::Op;

#[derive(Parser)]
pub(crate) struct Args {
    /// The component, a `.wasm` file.
    component: PathBuf,
    /// The op.
    op: String,
    /// Its input, as JSON.
    #[arg(default_value = "null", allow_hyphen_values = true)]
    input: String,
    /// The op's data, as JSON: whatever the component needs to know of the op.
    #[arg(long, default_value = "null")]
    data: String,
    /// The op's title. The op's name, unless given.
    #[arg(long)]
    title: Option<String>,
    /// The version to ask the component for.
    #[arg(long, default_value = wasm_runtime::PROTOCOL_VERSION)]
    version: String,
}

pub(crate) fn call(args: Args, started: Instant) -> Result<()> {
    let data = serde_json::from_str(&args.data).context("--data is not JSON")?;
    let op = Op::new(args.op.as_str())
        .with_title(args.title.unwrap_or_else(|| args.op.clone()))
        .with_data(&data);
    let runtime = crate::runtime()?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (result, receipt) = tokio.block_on(async {
        let component = runtime.component_from_path(&args.component).await?;
        let program = component
            .program([op])
            .version(args.version)
            .build()
            .await?;
        anyhow::Ok(
            program
                .function(&args.op)?
                .call_raw(args.input)
                .with_receipt()
                .await,
        )
    })?;
    report(result, &receipt, started)
}
