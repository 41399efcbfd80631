//! Hostile Python in the real host: each case ends as `evil/README.md` says, and afterwards
//! everything goes on as before.
//!
//! One test in a binary of its own, since it measures the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says how much it tried"
)]

mod evil {
    pub(crate) mod outcome;
    pub(crate) mod process;
    pub(crate) mod table;
    pub(crate) mod way;
}

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evil::process::Held;
use evil::table::{self, Case};
use evil::way::{Host, WAYS};
use evil::{outcome, process};
use test_support::watch::{HostBounds, HostUsage, forget_peak, longest_poll};

/// What the second round may leave in memory that the first did not, in bytes. An allocator's
/// arenas settle late.
const SLACK: u64 = 24 << 20;

/// What any moment of a round may add to the process, three hosts at work in it. In each are an
/// interpreter that a case has, one that others begin with, and one in the first one's place; what
/// the host parses of a case; and programs.
const BOUNDS: HostBounds = HostBounds {
    memory: 3 * (3 * (64 << 20) + (48 << 20)),
    // Not of a case: each reset compares all memory here.
    unpaid: Duration::MAX,
    threads: 12,
    mappings: 4_000,
    descriptors: 60,
    poll: Duration::from_millis(500),
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_programs_end_as_they_should_and_harm_nobody() {
    let cases: Arc<[Case]> = table::read().into();
    let mut hosts = Vec::new();
    for way in WAYS {
        hosts.push(Host::new(way, &cases).await);
    }
    let mut tried = BTreeMap::<_, usize>::new();
    let mut first: Option<Held> = None;
    for is_second in [false, true] {
        forget_peak();
        let before = HostUsage::now();
        let rounds = hosts
            .into_iter()
            .map(|host| tokio::spawn(round(host, cases.clone(), is_second, before)));
        let rounds: Vec<_> = rounds.collect();
        hosts = Vec::new();
        let mut wrong = Vec::new();
        let mut paid = Duration::ZERO;
        for round in rounds {
            let mut round = round.await.unwrap();
            paid += std::mem::take(&mut round.host.paid);
            hosts.push(round.host);
            wrong.extend(round.wrong);
            for (kind, count) in round.tried {
                *tried.entry(kind).or_default() += count;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let held = process::held();
        let used = HostUsage::now();
        println!(
            "evil: after a round {held:?}; {} MB at most, {:?} of processor time, {paid:?} of it on receipts",
            used.peak_memory >> 20,
            used.cpu_time - before.cpu_time,
        );
        let before = first.get_or_insert(held);
        assert!(
            held.memory <= before.memory + SLACK,
            "{before:?}, then {held:?}"
        );
        assert_eq!(held.descriptors, before.descriptors);
        // Threads for blocking work come and go, as many as there are processors.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        assert!(
            held.threads <= before.threads + processors,
            "{before:?}, then {held:?}"
        );
    }
    for (kind, count) in tried {
        let of_kind = cases.iter().filter(|case| case.file == kind).count();
        println!("evil/{kind}: {of_kind} cases survived, in {count} runs");
    }
}

struct Round {
    host: Host,
    /// What ended otherwise than it should.
    wrong: Vec<String>,
    /// How many runs, by kind.
    tried: BTreeMap<&'static str, usize>,
}

/// The cases, one after the other.
async fn round(mut host: Host, cases: Arc<[Case]>, is_second: bool, before: HostUsage) -> Round {
    let (mut wrong, mut tried) = (Vec::new(), BTreeMap::new());
    for case in &*cases {
        if !host.takes(case) || is_second && case.is_deepest() {
            continue;
        }
        let (seen, poll) = longest_poll(host.run(case)).await;
        wrong.extend(BOUNDS.check(case, &before, Duration::ZERO, poll).err());
        *tried.entry(case.file).or_default() += 1;
        if !outcome::fits(case.expected, &seen) {
            let seen: String = seen.chars().take(200).collect();
            wrong.push(format!("{case}: want {}, got {seen}", case.expected));
        }
    }
    // At once: what is idle for a minute is given back.
    host.settled().await;
    Round { host, wrong, tried }
}
