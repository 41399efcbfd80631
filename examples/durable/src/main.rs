//! An order that waits for an approval, for a second or a month: what waits is a file, and no
//! process.
//!
//! ```console
//! $ cargo run --bin durable -- order 7 '{"customer": "Ada", "lines": [{"price": 450, "quantity": 2}]}'
//! order 7 waits for approval: {"customer":"Ada","total":900}
//! $ cargo run --bin durable -- approve 7
//! order 7: Ada paid 900.00, receipt 7-2
//! ```
//!
//! The order is a coroutine in Python (`order.py`) that knows nothing of files. Where it waits, its
//! call ends as bytes, which are stored; `approve` goes on with them in a new process. What the
//! order asks of the world (`charge`) is done here, after the state that waits for it was stored:
//! at least once, if the process ends at a bad moment, and with a key that makes it once. So a
//! `kill -9` at any moment loses nothing, and the same command again goes on.

mod files;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, Subcommand};
use python_runtime::{
    Awaited, CallError, Durable, PythonError, PythonRuntime, PythonSource, printable,
};
use serde_json::Value;

use crate::files::Folder;

const ORDER: &str = include_str!("order.py");

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// Where orders are stored.
    #[arg(long, global = true, default_value = "target/orders")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Begins an order, or goes on with it.
    Order {
        /// Its number. Orders that have the same are one.
        number: u64,
        /// The order, as JSON.
        order: String,
    },
    /// Approves an order that waits for that, and goes on with it.
    Approve {
        /// Which order.
        number: u64,
    },
    /// Refuses one.
    Refuse {
        /// Which order.
        number: u64,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let Args { command, folder } = Args::parse();
    let runtime = PythonRuntime::builder().build()?;
    let folder = Folder::open(&folder)?;
    let said = match command {
        Command::Order { number, order } => {
            let order: Value = serde_json::from_str(&order).context("the order is not JSON")?;
            Order::new(&folder, number).begin(&runtime, &order).await?
        }
        Command::Approve { number } => Order::new(&folder, number).decide(&runtime, true).await?,
        Command::Refuse { number } => Order::new(&folder, number).decide(&runtime, false).await?,
    };
    println!("{}", printable(&said));
    Ok(())
}

/// An exception as Python shows it.
fn explain(error: CallError) -> anyhow::Error {
    match PythonError::of(&error) {
        Some(python) => anyhow!("{python}"),
        None => error.into(),
    }
}

/// An order, as files: `NUMBER.parked` while it waits, then `NUMBER.done`.
struct Order<'a> {
    folder: &'a Folder,
    number: u64,
}

impl<'a> Order<'a> {
    fn new(folder: &'a Folder, number: u64) -> Self {
        Self { folder, number }
    }

    /// Begins it, unless it has begun. Until its first state is stored it has done nothing, so it
    /// can begin again.
    async fn begin(&self, runtime: &PythonRuntime, order: &Value) -> Result<String> {
        if let Some(found) = self.find(runtime, None).await? {
            return Ok(found);
        }
        let function = runtime.function(PythonSource::def("order", ORDER)).await?;
        let step = function.call::<_, String>(order).until_parked();
        let step = step.await.map_err(explain)?;
        self.go_on(step).await
    }

    async fn decide(&self, runtime: &PythonRuntime, approves: bool) -> Result<String> {
        let found = self.find(runtime, Some(approves)).await?;
        found.with_context(|| format!("there is no order {}", self.number))
    }

    /// The order as it was stored, and from there on as far as it gets.
    async fn find(
        &self,
        runtime: &PythonRuntime,
        approves: Option<bool>,
    ) -> Result<Option<String>> {
        if let Some(result) = self.folder.read(&self.name("done"))? {
            let result = String::from_utf8(result)?;
            return Ok(Some(format!("order {}: {result}", self.number)));
        }
        let Some(bytes) = self.folder.read(&self.name("parked"))? else {
            return Ok(None);
        };
        let mut resume = runtime.resume(bytes)?.output::<String>();
        if let (Some(approval), Some(approves)) = (asked(resume.hostcalls(), "approval"), approves)
        {
            let id = approval.id;
            resume = resume.answer(id, Ok(approves));
        }
        // Without an answer it is parked again at once.
        let step = resume.await.map_err(explain)?;
        self.go_on(step).await.map(Some)
    }

    /// Does what the order asks for, until it waits for somebody or is done.
    async fn go_on(&self, mut step: Durable<String>) -> Result<String> {
        loop {
            let parked = match step {
                Durable::Parked(parked) => parked,
                Durable::Done(result) => {
                    self.folder.write(&self.name("done"), result.as_bytes())?;
                    let _ = self.folder.remove(&self.name("parked"));
                    return Ok(format!("order {}: {result}", self.number));
                }
            };
            // First of all. What it asks for is done by whoever reads this, now or later.
            self.folder
                .write(&self.name("parked"), &parked.to_bytes()?)?;
            if let Some(approval) = asked(parked.hostcalls(), "approval") {
                let (number, payload) = (self.number, &approval.payload);
                return Ok(format!("order {number} waits for approval: {payload}"));
            }
            let Some(charge) = asked(parked.hostcalls(), "charge") else {
                bail!("order {} asks for what nobody does here", self.number);
            };
            let receipt = self.charge(charge)?;
            let resume = parked.resume().answer(charge.id, Ok(receipt));
            step = resume.output().await.map_err(explain)?;
        }
    }

    /// Charges a customer; this shop's bank is a file for each charge. The key is the same however
    /// often the order is resumed from one state, and the bank does nothing twice.
    fn charge(&self, charge: &Awaited) -> Result<String> {
        let key = format!("{}-{}", self.number, charge.id);
        let charged = format!("{key}.charge");
        if self.folder.read(&charged)?.is_none() {
            self.folder.write(&charged, charge.payload.as_bytes())?;
        }
        Ok(key)
    }

    fn name(&self, kind: &str) -> String {
        format!("{}.{kind}", self.number)
    }
}

/// The hostcall of this name that an order waits for.
fn asked<'a>(hostcalls: &'a [Awaited], op: &str) -> Option<&'a Awaited> {
    hostcalls.iter().find(|hostcall| hostcall.op == op)
}
