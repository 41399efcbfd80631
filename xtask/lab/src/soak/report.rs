//! A soak as it shows: lines over time, and a table in the end.

use comfy_table::{CellAlignment, Table, presets};
use wit_wire_host::printable;

use super::Sample;
use super::hosts::{Hosts, descriptors};
use super::tally::{Counts, Tally, quantile};
use super::verdict::{Evidence, SLACK_BYTES, SLACK_PERCENT, megabytes};

pub(super) const HEADER: &str = "  time s      calls   errors     late cancelled registered wrong   RSS MB  fds live idle grown ended  p50 ms  p99 ms";

/// One line, of what came since the one before where it is about times, and of all otherwise.
pub(super) fn line(sample: &Sample<'_>, hosts: &Hosts) -> String {
    let mut kept = sample.tally.kept();
    let Counts {
        calls,
        errors,
        late,
        cancelled,
        wrong,
        ..
    } = kept.total();
    let stats = hosts.stats();
    let sum = |of: fn(&python_runtime::PoolStats) -> usize| stats.iter().map(of).sum::<usize>();
    let line = format!(
        "{:8.1} {calls:10} {errors:8} {late:8} {cancelled:9} {:10} {wrong:5} {:8.1} {:4} {:4} {:4} {:5} {:5} {:7.2} {:7.1}",
        sample.elapsed.as_secs_f64(),
        kept.registered,
        megabytes(sample.resident),
        descriptors(),
        sum(|stats| stats.live),
        sum(|stats| stats.idle),
        sum(|stats| stats.discarded.grew as usize),
        sum(|stats| stats.discarded.ended as usize),
        quantile(&kept.recent, 0.5),
        quantile(&kept.recent, 0.99),
    );
    kept.recent.reset();
    line
}

pub(super) fn summary(tally: &Tally, evidence: &Evidence) {
    let kept = tally.kept();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "",
        "calls",
        "answers",
        "errors",
        "late",
        "cancelled",
        "wrong",
    ]);
    let total = kept.total();
    let rows = kept.kinds.iter().map(|(name, counts)| (*name, counts));
    for (name, counts) in rows.chain([("all", &total)]) {
        let numbers = [
            counts.calls,
            counts.answers,
            counts.errors,
            counts.late,
            counts.cancelled,
            counts.wrong,
        ];
        table.add_row(
            [name.to_owned()]
                .into_iter()
                .chain(numbers.map(|number| number.to_string())),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("\n{table}\n");
    for wrong in &kept.wrong {
        println!("WRONG {}", printable(wrong).lines());
    }
    let seconds = evidence.length.as_secs_f64();
    println!(
        "{seconds:.0} s, {:.0} calls per second, {} programs registered; answers: p50 {:.2} ms, p99 {:.1} ms",
        total.calls as f64 / seconds,
        kept.registered,
        quantile(&kept.latency, 0.5),
        quantile(&kept.latency, 0.99),
    );
    match evidence.levels() {
        None => println!("memory: not judged in less than a minute"),
        Some([early, late]) => println!(
            "memory: {:.1} MB in the second fifth, {:.1} MB in the last (medians; {:.1} MB or {SLACK_PERCENT} % more are allowed)",
            megabytes(early),
            megabytes(late),
            megabytes(SLACK_BYTES),
        ),
    }
    println!("at most: {}", evidence.peak);
    let [before, after] = &evidence.rest;
    println!("at rest: {before} after the warm-up; {after} in the end");
}
