//! What criterion times.

use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use tokio::runtime::Runtime;

use crate::figures::{Times, seconds, timed};

/// Has criterion run things often enough, on one async runtime. Each single run counts for the
/// figure: criterion itself knows only means of many.
#[allow(missing_debug_implementations, reason = "criterion has none")]
pub struct Ladder {
    criterion: Criterion,
    /// Where they run.
    pub tokio: Runtime,
}

impl Default for Ladder {
    fn default() -> Self {
        let criterion = Criterion::default()
            .warm_up_time(seconds(0.5))
            .sample_size(10)
            .nresamples(2_000)
            .without_plots()
            .configure_from_args();
        Self {
            criterion,
            tokio: Runtime::new().expect("a tokio runtime"),
        }
    }
}

impl Ladder {
    /// The rung `name`: how long `run` takes, measured for `full` seconds if there is time.
    pub fn rung<T>(&mut self, name: &'static str, full: f64, mut run: impl AsyncFnMut() -> T) {
        let Self { criterion, tokio } = self;
        let mut times = Times::of(name);
        // What only the first run does is no part of it.
        tokio.block_on(run());
        let mut group = criterion.benchmark_group("ladder");
        group
            .measurement_time(seconds(full))
            .sampling_mode(SamplingMode::Flat);
        group.bench_function(name, |bench| {
            bench.iter_custom(|runs| {
                tokio.block_on(async {
                    let mut all = Duration::ZERO;
                    for _ in 0..runs {
                        let time = timed(&mut run).await;
                        times.add(time);
                        all += time;
                    }
                    all
                })
            });
        });
        times.record();
    }
}
