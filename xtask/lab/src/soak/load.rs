//! Callers, each with programs of its own: they register, call, cancel and drop them, and look at
//! every answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use python_runtime::{CallError, Durable, Function, Isolation, Limit, Program, Session};
use serde_json::Value;

use super::hosts::Hosts;
use super::kinds::KINDS;
use super::peak::longest_poll;
use super::programs::{Ask, Calls, Kind};
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
    /// Calls since, of which it is not known whether they were counted, or lost the state: a
    /// deadline may pass once the function is done.
    unsure: u64,
    /// Whose calls they are, where that is the kind.
    session: Option<Session>,
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
    if let Some(session) = &slot.session
        && random.once_in(10)
        && let Ok(fork) = session.fork()
    {
        slot.session = Some(fork);
    }
    let outcome = async {
        match slot.kind.calls {
            Calls::Durable => durable(hosts, slot, random).await,
            _ => call(slot, random).await,
        }
    };
    let (outcome, poll) = longest_poll(outcome).await;
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
        let session = (kind.calls == Calls::Session).then(|| program.session());
        Ok(Slot {
            kind,
            number,
            program,
            function,
            count: 0,
            unsure: 0,
            session,
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
    let call = match &slot.session {
        Some(session) => session.call::<_, Value>("run", &ask.input),
        None => slot.function.call::<_, Value>(&ask.input),
    };
    let call = call.limits(ask.limits);
    let began = Instant::now();
    let result = match early {
        Early::Never => call.await,
        Early::Deadline(time) => call.deadline(began + time).await,
        Early::Dropped(time) => match tokio::time::timeout(time, call.into_future()).await {
            Ok(result) => result,
            Err(_) => {
                slot.unsure += 1;
                return Outcome::Cancelled;
            }
        },
    };
    let time = began.elapsed();
    if let (Early::Deadline(_), Err(CallError::Limit { exceeded, .. })) = (&early, &result)
        && let Limit::Deadline | Limit::Instances | Limit::Computing = exceeded.limit
    {
        slot.unsure += 1;
        return Outcome::Late;
    }
    let (count, unsure) = (slot.count, slot.unsure);
    // A session's calls are transactions.
    let unsure = if slot.session.is_some() { 0 } else { unsure };
    let is_next =
        |now| (count + 1..=count + 1 + unsure).contains(&now) || (1..=unsure).contains(&now);
    match ask.expected.check(&result, is_next) {
        Err(what) => Outcome::Wrong(what),
        Ok(()) => match result {
            Ok(answer) => {
                slot.count = answer.as_u64().unwrap_or(0);
                slot.unsure = 0;
                Outcome::Answer(time)
            }
            Err(_) => Outcome::Error,
        },
    }
}

/// A durable call, whose hostcalls are answered one by one, in any order, from bytes or not.
async fn durable(hosts: &Hosts, slot: &Slot, random: &mut Random) -> Outcome {
    let ask = slot.kind.ask(random, slot.number, &slot.program);
    let began = Instant::now();
    let result = resumed(hosts, slot, &ask, random).await;
    match ask.expected.check(&result, |_| false) {
        Ok(()) => Outcome::Answer(began.elapsed()),
        Err(what) => Outcome::Wrong(what),
    }
}

async fn resumed(
    hosts: &Hosts,
    slot: &Slot,
    ask: &Ask,
    random: &mut Random,
) -> Result<Value, CallError> {
    let call = slot.function.call::<_, Value>(&ask.input);
    let mut durable = call.limits(ask.limits).until_parked().await?;
    loop {
        let parked = match durable {
            Durable::Done(output) => return Ok(output),
            Durable::Parked(parked) => parked,
        };
        let resume = match parked.to_bytes() {
            Ok(bytes) if random.once_in(2) => hosts.python.resume(bytes),
            _ => Ok(parked.resume()),
        };
        // They were written by this process.
        let Ok(resume) = resume else {
            return Err(CallError::InstanceEnded);
        };
        // What was given up on the way can be resumed again.
        if random.once_in(10) {
            let given_up = parked.resume().into_future();
            let _ = tokio::time::timeout(Duration::from_micros(300), given_up).await;
        }
        let answered = random.choose(parked.hostcalls()).cloned();
        let resume = match answered {
            Some(awaited) => {
                let double = awaited.payload.parse::<u64>().unwrap_or_default() * 2;
                resume.answer(awaited.id, Ok(double))
            }
            None => resume,
        };
        durable = resume.limits(ask.limits).output::<Value>().await?;
    }
}
