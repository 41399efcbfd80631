//! Callers, each with programs of its own: they register, call, cancel and drop them, and look at
//! every answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use python_runtime::{CallError, Function, Isolation, Limit, Program};
use serde_json::Value;

use super::hosts::Hosts;
use super::kinds::KINDS;
use super::peak::longest_poll;
use super::programs::Kind;
use super::random::Random;
use super::tally::{Outcome, Tally};

/// Callers at once, and the programs that each has.
pub(super) const CALLERS: u64 = 8;
pub(super) const PROGRAMS: u64 = 16;

/// One program of a caller.
struct Slot {
    kind: &'static Kind,
    number: u64,
    program: Program,
    function: Function,
    /// The count that the latest call answered, where state is shared.
    count: u64,
    /// Whether state may have been lost since.
    unsure: bool,
}

/// Calls until `ended`.
pub(super) async fn load(
    hosts: &Arc<Hosts>,
    random: &mut Random,
    tally: &Arc<Tally>,
    ended: &Arc<AtomicBool>,
) -> Result<()> {
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (hosts, tally, ended) = (hosts.clone(), tally.clone(), ended.clone());
            let mut random = random.split();
            tokio::spawn(async move {
                let mut slots = Vec::new();
                // All callers together have as many of each kind, from beginning to end: memory is
                // compared.
                let kinds = KINDS.iter().cycle().skip((caller * PROGRAMS) as usize);
                for kind in kinds.take(PROGRAMS as usize) {
                    if ended.load(Relaxed) {
                        break;
                    }
                    slots.extend(register(&hosts, &mut random, &tally, kind).await);
                }
                while !ended.load(Relaxed) {
                    step(&hosts, &mut random, &tally, &mut slots).await;
                }
            })
        })
        .collect();
    for caller in callers {
        let ended = caller.await;
        ensure!(ended.is_ok(), "a caller panicked");
    }
    Ok(())
}

async fn step(hosts: &Hosts, random: &mut Random, tally: &Tally, slots: &mut [Slot]) {
    let at = random.below(slots.len() as u64) as usize;
    let Some(slot) = slots.get_mut(at) else {
        return tokio::task::yield_now().await;
    };
    if random.once_in(25)
        && let Some(new) = register(hosts, random, tally, slot.kind).await
    {
        *slot = new;
    }
    let kind = slot.kind.name;
    let (outcome, poll) = longest_poll(call(slot, random)).await;
    tally.add(kind, outcome);
    tally.polled(poll);
}

async fn register(
    hosts: &Hosts,
    random: &mut Random,
    tally: &Tally,
    kind: &'static Kind,
) -> Option<Slot> {
    let number = 1 + random.below(1_000);
    let through_bytes = kind.is_python() && random.once_in(4);
    let made: Result<Slot> = async {
        let mut program = kind.program(hosts, number).await?;
        if through_bytes && program.isolation() == Isolation::PerCall {
            let kept = program.snapshot().await?;
            program = hosts.python.restore(&kept)?.build().await?;
        }
        let function = program.functions().next();
        let function = function.ok_or_else(|| anyhow::anyhow!("it has no function"))?;
        Ok(Slot {
            kind,
            number,
            program,
            function,
            count: 0,
            unsure: false,
        })
    }
    .await;
    tally.kept().registered += 1;
    let failed = |error| Outcome::Wrong(format!("can't be registered: {error:#}"));
    made.map_err(|error| tally.add(kind.name, failed(error)))
        .ok()
}

/// How a call may end before its time.
enum Early {
    Never,
    Dropped(Duration),
    Deadline(Duration),
}

async fn call(slot: &mut Slot, random: &mut Random) -> Outcome {
    let ask = slot.kind.ask(random, slot.number, &slot.program);
    let early = match random.below(12) {
        0 => Early::Dropped(Duration::from_micros(random.below(4_000))),
        1 => Early::Deadline(Duration::from_micros(random.below(20_000))),
        _ => Early::Never,
    };
    let call = slot
        .function
        .call::<_, Value>(&ask.input)
        .limits(ask.limits);
    let began = Instant::now();
    let result = match early {
        Early::Never => call.await,
        Early::Deadline(time) => call.deadline(began + time).await,
        Early::Dropped(time) => match tokio::time::timeout(time, call.into_future()).await {
            Ok(result) => result,
            Err(_) => {
                slot.unsure = true;
                return Outcome::Cancelled;
            }
        },
    };
    let time = began.elapsed();
    if let (Early::Deadline(_), Err(CallError::Limit { exceeded, .. })) = (&early, &result)
        && let Limit::Deadline | Limit::Instances | Limit::Computing = exceeded.limit
    {
        slot.unsure = true;
        return Outcome::Late;
    }
    let (count, unsure) = (slot.count, slot.unsure);
    let is_next = |now| now == count + 1 || (unsure && now == 1);
    match ask.expected.check(&result, is_next) {
        Err(what) => Outcome::Wrong(what),
        Ok(()) => match result {
            Ok(answer) => {
                slot.count = answer.as_u64().unwrap_or(0);
                slot.unsure = false;
                Outcome::Answer(time)
            }
            Err(_) => Outcome::Error,
        },
    }
}
