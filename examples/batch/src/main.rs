//! A column of values through one Python function, as a data engine runs it: in batches,
//! concurrently, in order.
//!
//! ```console
//! $ cargo run --bin batch 100000
//! ```
//!
//! Prints the cost of a row by batch size. Each batch is a call on clean state.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use python_runtime::{CallError, Function, PythonError, PythonRuntime, PythonSource, printable};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The user's function, of one value.
const SOURCE: &str = r#"
def celsius(reading: str) -> float | None:
    if reading.endswith("F"):
        return round((float(reading[:-1]) - 32) / 1.8, 1)
    return float(reading[:-1]) if reading else None
"#;

/// Maps the user's function over a batch. An exception says which value it was raised for.
const MAPPED: &str = r#"
def column(readings: list[str]) -> list[float | None]:
    results = []
    for row, reading in enumerate(readings):
        try:
            results.append(celsius(reading))
        except Exception as error:
            error.add_note(f"in row {row} of the batch: {reading!r}")
            raise
    return results
"#;

/// A function of a column.
struct ColumnFunction {
    function: Function,
    /// Values in one call.
    batch: usize,
}

impl ColumnFunction {
    /// The results in the order of the values, and the CPU time. The first batch that fails ends
    /// the evaluation.
    async fn evaluate<I, O>(&self, column: &[I]) -> Result<(Vec<O>, Duration), CallError>
    where
        I: Serialize + Sync,
        O: DeserializeOwned + Send + 'static,
    {
        // As many calls at once as there are processors.
        let concurrency = std::thread::available_parallelism().map_or(1, usize::from);
        let calls = column.chunks(self.batch).map(|values| async move {
            let (results, receipt) = self.function.call::<_, Vec<O>>(values).with_receipt().await;
            results.map(|results| (results, receipt.cpu_time))
        });
        let done = stream::iter(calls).buffered(concurrency);
        let whole = (Vec::with_capacity(column.len()), Duration::ZERO);
        done.try_fold(whole, async |(mut all, spent), (results, cpu_time)| {
            all.extend(results);
            Ok((all, spent + cpu_time))
        })
        .await
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let runtime = PythonRuntime::builder().build()?;
    let source = PythonSource::def("column", format!("{SOURCE}{MAPPED}"));
    let function = runtime.function(source).await?;

    let rows = std::env::args().nth(1);
    let rows: usize = rows.map_or(Ok(100_000), |rows| rows.parse())?;
    let readings: Vec<String> = (0..rows)
        .map(|row| match row % 3 {
            0 => format!("{}C", row % 40),
            1 => format!("{}F", row % 100),
            _ => String::new(),
        })
        .collect();
    println!("{:>8}  {:>12}  {:>12}", "batch", "rows/s", "CPU/row");
    let mut expected: Option<Vec<Option<f64>>> = None;
    for batch in [1, 10, 100, 1_000, 10_000] {
        let column = ColumnFunction {
            function: function.clone(),
            batch,
        };
        let started = Instant::now();
        let (results, cpu_time) = column.evaluate(&readings).await?;
        let per_second = readings.len() as f64 / started.elapsed().as_secs_f64();
        let per_row = cpu_time / u32::try_from(readings.len())?;
        println!("{batch:>8}  {per_second:>12.0}  {per_row:>12.2?}");
        let same = expected.get_or_insert_with(|| results.clone()) == &results;
        anyhow::ensure!(
            same,
            "batches of {batch} rows gave other results than single rows"
        );
    }

    let column = ColumnFunction {
        function,
        batch: 1_000,
    };
    let damaged = ["20C", "warm"];
    if let Err(error) = column.evaluate::<_, Option<f64>>(&damaged).await {
        let python = PythonError::of(&error).ok_or(error)?;
        print!("\n{}", printable(&python.traceback).lines());
    }
    Ok(())
}
