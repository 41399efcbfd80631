//! `cargo xtask soak`: good and evil load on everything at once, for as long as one likes. Every
//! answer is compared with the one that was computed here, and in the end the process must be no
//! larger than in the beginning.

mod hosts;
mod kinds;
mod load;
mod peak;
mod programs;
mod random;
mod report;
mod tally;
mod verdict;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use python_runtime::PythonSource;

use crate::shell;
use hosts::{Hosts, resident};
use peak::Peak;
use random::Random;
use tally::Tally;
use verdict::Evidence;

#[derive(Parser)]
pub(crate) struct Args {
    /// How long, after a warm-up of a tenth of it.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// What to draw all choices from; told at the start of each run.
    #[arg(long)]
    seed: Option<u64>,
}

/// Samples of memory in a run, however long it is.
const SAMPLES: u32 = 5_000;
/// The shortest and the longest time between lines.
const LINE: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];
/// The longest warm-up.
const WARM_UP: Duration = Duration::from_secs(60);

pub(crate) fn soak(args: &Args) -> Result<()> {
    shell::build_guests(&["all"])?;
    let length = Duration::try_from_secs_f64(args.minutes * 60.0).context("--minutes")?;
    let clock = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seed = args.seed.unwrap_or(clock.as_nanos() as u64 >> 10);
    println!(
        "seed {seed}, {} callers with {} programs each",
        load::CALLERS,
        load::PROGRAMS
    );

    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone())?;
    let tokio = tokio::runtime::Runtime::new()?;
    tokio.block_on(all(length, seed, &interrupted))
}

async fn all(length: Duration, seed: u64, interrupted: &AtomicBool) -> Result<()> {
    let mut random = Random::new(seed);
    let hosts = Arc::new(Hosts::new().await?);
    let nested = PythonSource::lambda("lambda x: x + 1");
    hosts.nest(Some(hosts.python.function(nested).await?));

    let bar = bar(length)?;
    bar.set_message("warming up");
    let warm_up = (length / 10).min(WARM_UP);
    watched(&hosts, &mut random, warm_up, interrupted, &mut |_| ()).await?;
    let before = hosts.rest().await;

    println!("{}", report::HEADER);
    bar.set_message("");
    let mut memory = Vec::with_capacity(SAMPLES as usize);
    let mut next_line = line_time(length);
    let mut peak = Peak::default();
    let mut on_sample = |sample: Sample| {
        memory.push(sample.resident);
        bar.set_position(sample.elapsed.as_millis() as u64);
        if sample.elapsed >= next_line {
            next_line += line_time(length);
            peak.note();
            bar.suspend(|| println!("{}", report::line(&sample, &hosts)));
        }
    };
    let began = Instant::now();
    let tally = watched(&hosts, &mut random, length, interrupted, &mut on_sample).await?;
    let elapsed = began.elapsed();
    bar.finish_and_clear();

    let after = hosts.rest().await;
    hosts.nest(None);
    let total = tally.kept().total();
    peak.note();
    peak.poll = tally.kept().poll;
    let evidence = Evidence {
        length: elapsed,
        calls: total.calls,
        wrong: total.wrong,
        memory,
        peak,
        rest: [before, after],
    };
    report::summary(&tally, &evidence);
    match evidence.faults() {
        faults if faults.is_empty() => {
            println!("verdict: passes");
            Ok(())
        }
        faults => {
            println!("verdict: FAILS");
            bail!("{}; to repeat: --seed {seed}", faults.join("; "))
        }
    }
}

/// What the run was like at one moment.
struct Sample<'t> {
    elapsed: Duration,
    resident: u64,
    tally: &'t Tally,
}

/// Has all callers call for `length`, and looks at the process meanwhile.
async fn watched(
    hosts: &Arc<Hosts>,
    random: &mut Random,
    length: Duration,
    interrupted: &AtomicBool,
    on_sample: &mut impl FnMut(Sample<'_>),
) -> Result<Arc<Tally>> {
    let (tally, ended) = (Arc::new(Tally::new()?), Arc::new(AtomicBool::new(false)));
    let began = Instant::now();
    let watch = async {
        while began.elapsed() < length && !interrupted.load(Relaxed) {
            tokio::time::sleep((length / SAMPLES).max(Duration::from_millis(10))).await;
            on_sample(Sample {
                elapsed: began.elapsed(),
                resident: resident(),
                tally: &tally,
            });
        }
        ended.store(true, Relaxed);
    };
    let (loaded, ()) = tokio::join!(load::load(hosts, random, &tally, &ended), watch);
    loaded.map(|()| tally)
}

fn line_time(length: Duration) -> Duration {
    (length / 20).clamp(LINE[0], LINE[1])
}

fn bar(length: Duration) -> Result<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::new(length.as_millis() as u64);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {elapsed} {msg}")?);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}
