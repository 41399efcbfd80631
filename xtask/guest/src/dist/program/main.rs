//! A program with `python-runtime` and nothing else of its workspace.

use std::time::Instant;

use python_runtime::{PythonRuntime, PythonSource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let cache = std::env::args_os().nth(1).ok_or("no cache folder given")?;
    let runtime = PythonRuntime::builder().cache_folder(cache).build()?;
    let loaded = started.elapsed();
    let source = PythonSource::lambda("lambda names: ', '.join(sorted(names))");
    let function = runtime.function(source).await?;
    let answer: String = function.call(&["Grace", "Ada"]).await?;
    let first = started.elapsed();
    assert_eq!(answer, "Ada, Grace");
    println!("{answer}: guest loaded after {loaded:.1?}, first result after {first:.1?}");
    Ok(())
}
