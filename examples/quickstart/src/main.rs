//! A Python function in a Rust program.
//!
//! ```console
//! $ cargo run --bin quickstart
//! ```

use python_runtime::{PythonError, PythonRuntime, PythonSource, printable};

const TOTAL: &str = "
def total(prices: list[float]) -> float:
    return sum(prices)
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = PythonRuntime::builder().build()?;
    let total = runtime.function(PythonSource::def("total", TOTAL)).await?;

    let (sum, receipt) = total.call::<_, f64>(&[19.9, 5.0]).with_receipt().await;
    println!("{} in {:?}", sum?, receipt.wall_time);

    if let Err(error) = total.call::<_, f64>(&["free"]).await {
        let python = PythonError::of(&error).ok_or(error)?;
        println!("{}: {}", printable(&python.ty), printable(&python.message));
    }
    Ok(())
}
