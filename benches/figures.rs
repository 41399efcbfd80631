//! What was measured: shown as it comes, and handed to `cargo xtask bench` as lines of JSON.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

/// The file that takes the figures; set by `cargo xtask bench`.
const FILE: &str = "WIT_WIRE_BENCH";

/// Set where all of the ladder may take a minute.
const QUICK: &str = "WIT_WIRE_BENCH_QUICK";

/// How long a rung may measure that measures for `full` seconds if there is time.
pub fn seconds(full: f64) -> Duration {
    Duration::from_secs_f64(if is_quick() { full / 8.0 } else { full })
}

/// Whether all of the ladder may take a minute.
pub fn is_quick() -> bool {
    std::env::var_os(QUICK).is_some()
}

/// As many turns of a loop as there is time for in `full` seconds, but five at least.
pub fn repeat(full: f64) -> impl Iterator<Item = usize> {
    let end = Instant::now() + seconds(full);
    (0..).take_while(move |&turn| turn < 5 || Instant::now() < end)
}

/// How long `work` takes.
pub async fn timed<T>(work: impl AsyncFnOnce() -> T) -> Duration {
    let started = Instant::now();
    let result = work().await;
    let time = started.elapsed();
    drop(result);
    time
}

/// How long each run of something took, by a clock that ticks in nanoseconds. The figure is in
/// microseconds.
#[derive(Debug)]
pub struct Times {
    name: &'static str,
    histogram: Histogram<u64>,
}

impl Times {
    /// None yet, of the rung `name`.
    pub fn of(name: &'static str) -> Self {
        Self {
            name,
            histogram: Histogram::new(3).expect("three digits are not too many"),
        }
    }

    /// One more.
    pub fn add(&mut self, time: Duration) {
        let nanoseconds = time.as_nanos() as u64;
        self.histogram.record(nanoseconds).expect("a growing range");
    }

    /// Makes a figure of them.
    pub fn record(self) {
        let at = |quantile| self.histogram.value_at_quantile(quantile) as f64 / 1e3;
        let n = self.histogram.len();
        write(self.name, "us", [at(0.5), at(0.99), at(0.999)], n);
    }
}

/// A figure of many `rates` per second, each over a part of the time. Its quantiles count from
/// above: 99 % of the parts reach the p99.
pub fn rates(name: &str, mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    let at = |quantile: f64| {
        let index = (rates.len() as f64 * (1.0 - quantile)) as usize;
        rates.get(index).copied().unwrap_or_default()
    };
    let median = at(0.5);
    write(
        name,
        "1/s",
        [median, at(0.99), at(0.999)],
        rates.len() as u64,
    );
    median
}

/// A figure of one value, which is the mean of `n` things.
pub fn value(name: &str, unit: &str, value: f64, n: usize) {
    write(name, unit, [value; 3], n as u64);
}

fn write(name: &str, unit: &str, [median, p99, p999]: [f64; 3], n: u64) {
    eprintln!("  {name}: {median:.2} {unit}");
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let figure =
        json!({"name": name, "unit": unit, "median": median, "p99": p99, "p99.9": p999, "n": n});
    let file = OpenOptions::new().create(true).append(true).open(file);
    writeln!(file.expect("the file of figures"), "{figure}").expect("a line is written");
}
