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

use evil::process::Held;
use evil::table::{self, Case};
use evil::way::{Host, WAYS};
use evil::{outcome, process};

/// What the second round may leave in memory that the first did not, in bytes. An allocator's
/// arenas settle late.
const SLACK: u64 = 24 << 20;

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
        let rounds = hosts
            .into_iter()
            .map(|host| tokio::spawn(round(host, cases.clone(), is_second)));
        let rounds: Vec<_> = rounds.collect();
        hosts = Vec::new();
        let mut wrong = Vec::new();
        for round in rounds {
            let round = round.await.unwrap();
            hosts.push(round.host);
            wrong.extend(round.wrong);
            for (kind, count) in round.tried {
                *tried.entry(kind).or_default() += count;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let held = process::held();
        println!("evil: after a round {held:?}");
        let before = first.get_or_insert(held);
        assert!(
            held.memory <= before.memory + SLACK,
            "{before:?}, then {held:?}"
        );
        assert_eq!(
            (held.descriptors, held.threads),
            (before.descriptors, before.threads)
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
async fn round(mut host: Host, cases: Arc<[Case]>, is_second: bool) -> Round {
    let (mut wrong, mut tried) = (Vec::new(), BTreeMap::new());
    for case in &*cases {
        if !host.takes(case) || is_second && case.is_deepest() {
            continue;
        }
        let seen = host.run(case).await;
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
