//! Random sequences of operations against a model that is slow and plain: a list.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::{Checkout, IdleState, Returned};
use crate::instance::Held;
use crate::memory::{Image, ImageKey, PAGE, PageStore};
use crate::telemetry::Level;

/// What stands for an instance: a number of its own, and the memory that decides what fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thing {
    number: u32,
    memory: u32,
}

/// Numbers by chance (Vigna's SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// A call that waits, as the model has it.
struct Waiting {
    receiver: Receiver<Thing>,
    is_cancelled: bool,
}

/// What should be so.
#[derive(Default)]
struct Model {
    /// The first one has been idle for longest.
    idle: Vec<(Thing, Held, Instant)>,
    returning: usize,
    /// In line.
    waiting: Vec<Waiting>,
    is_growing: bool,
    has_evictor: bool,
}

impl Model {
    /// The latest one that holds the state; else the latest pristine one, if it fits; else the
    /// oldest that fits.
    fn pick(&mut self, wanted: Held, fits: impl Fn(&Thing) -> bool) -> Option<Thing> {
        let latest = |of| self.idle.iter().rposition(|(_, held, _)| *held == of);
        let fits = |at: &usize| self.idle.get(*at).is_some_and(|(thing, ..)| fits(thing));
        let at = match (latest(wanted), latest(Held::Pristine).filter(fits)) {
            (Some(holder), _) => Some(holder),
            (None, Some(pristine)) => Some(pristine),
            (None, None) => (0..self.idle.len()).find(fits),
        };
        at.map(|at| self.idle.remove(at).0)
    }
}

/// The key of an image, which has none like it.
fn key() -> ImageKey {
    let (memory, all) = ([0; PAGE], 0..PAGE);
    let all = std::slice::from_ref(&all);
    Image::between(&memory, None, &memory, all, &PageStore::default()).key()
}

struct Bench {
    chance: Chance,
    state: IdleState<Thing>,
    model: Model,
    /// Counts what is idle.
    level: Arc<Level>,
    keys: [ImageKey; 3],
    now: Instant,
    next: u32,
    /// Things that are neither idle nor gone.
    at_work: Vec<Thing>,
    seen: BTreeSet<&'static str>,
}

impl Bench {
    fn new(seed: u64) -> Self {
        Self {
            chance: Chance(seed),
            state: IdleState::default(),
            model: Model::default(),
            level: Level::new("idle"),
            keys: [(); 3].map(|()| key()),
            now: Instant::now(),
            next: 0,
            at_work: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    fn held(&mut self) -> Held {
        match self.chance.below(6) {
            0 | 1 => Held::Pristine,
            2 => Held::Grown,
            image => Held::Image(self.keys[image - 3]),
        }
    }

    /// One that was at work, or a new one.
    fn thing(&mut self) -> Thing {
        match self.at_work.len() {
            0 => {
                self.next += 1;
                Thing {
                    number: self.next,
                    memory: self.chance.below(3) as u32,
                }
            }
            many => self.at_work.swap_remove(self.chance.below(many)),
        }
    }

    fn check_out(&mut self) {
        let (wanted, memory) = (self.held(), self.chance.below(3) as u32);
        let fits = |thing: &Thing| thing.memory <= memory;
        let expected = self.model.pick(wanted, fits);
        match (self.state.check_out(wanted, fits), expected) {
            (Checkout::Idle(thing), Some(expected)) => {
                assert_eq!(thing, expected);
                self.at_work.push(thing);
                self.seen.insert("idle");
            }
            (Checkout::Handoff(receiver), None) => {
                self.model.waiting.push(Waiting {
                    receiver,
                    is_cancelled: false,
                });
                assert!(self.model.waiting.len() <= self.model.returning);
                self.seen.insert("handoff");
            }
            (Checkout::Build, None) => {
                assert_eq!(self.model.waiting.len(), self.model.returning);
                self.seen.insert("build");
            }
            (_, expected) => panic!("expected {expected:?}"),
        }
    }

    /// A call that waits is cancelled. It is still in line.
    fn cancel(&mut self) {
        if let many @ 1.. = self.model.waiting.len() {
            let waiting = &mut self.model.waiting[self.chance.below(many)];
            waiting.receiver.close();
            waiting.is_cancelled = true;
        }
    }

    fn begin_return(&mut self) {
        self.state.begin_return();
        self.model.returning += 1;
    }

    fn begin_growth(&mut self) {
        let was = std::mem::replace(&mut self.model.is_growing, true);
        assert_eq!(self.state.begin_growth(), was);
        if !was {
            self.begin_return();
        }
    }

    /// Something comes back, or does not. Where nobody waits for it, it is idle.
    fn end_return(&mut self) {
        if self.model.returning == 0 {
            return;
        }
        let thing = (self.chance.below(4) > 0).then(|| self.thing());
        let is_growth = self.model.is_growing && self.chance.below(2) == 0;
        self.model.is_growing &= !is_growth;
        self.model.returning -= 1;
        let (returned, in_vain) = self.state.end_return(thing, is_growth);

        // Those in line before the one that gets it were cancelled.
        let served = match thing {
            None => None,
            Some(_) => self.model.waiting.iter().position(|one| !one.is_cancelled),
        };
        let gone = match (thing, served) {
            (None, _) => 0,
            (Some(_), None) => self.model.waiting.len(),
            (Some(_), Some(at)) => at + 1,
        };
        let mut gone: Vec<_> = self.model.waiting.drain(..gone).collect();
        match (thing, served.and_then(|_| gone.pop())) {
            (Some(thing), Some(mut served)) => {
                assert_eq!(returned, Returned::Done);
                assert_eq!(served.receiver.try_recv(), Ok(thing));
                self.at_work.push(thing);
                self.seen.insert("served");
            }
            (Some(thing), None) => {
                assert_eq!(returned, Returned::Idle(thing));
                self.put(thing);
            }
            (None, _) => assert_eq!(returned, Returned::Done),
        }
        // Nobody waits for more than there are on their way. The first in line are told that they
        // wait in vain: they have waited for longest, and shall not wait any longer.
        let excess = self
            .model
            .waiting
            .len()
            .saturating_sub(self.model.returning);
        assert_eq!(in_vain.len(), excess);
        drop(in_vain);
        for mut told in self.model.waiting.drain(..excess) {
            assert_eq!(told.receiver.try_recv(), Err(TryRecvError::Closed));
            self.seen.insert("in vain");
        }
    }

    fn put(&mut self, thing: Thing) {
        let held = self.held();
        self.now += Duration::from_secs(self.chance.below(3) as u64);
        let had_evictor = std::mem::replace(&mut self.model.has_evictor, true);
        let starts = self.state.put(thing, held, self.now, self.level.count());
        assert_eq!(starts, !had_evictor);
        self.model.idle.push((thing, held, self.now));
    }

    fn evict(&mut self) {
        let time = self.now - Duration::from_secs(self.chance.below(10) as u64);
        let old = |(.., since): &&(Thing, Held, Instant)| *since <= time;
        let count = self.model.idle.iter().take_while(old).count();
        let expected: Vec<_> = self.model.idle.drain(..count).map(|idle| idle.0).collect();
        assert_eq!(self.state.evict(time), expected);
        self.seen.insert(["evicts nothing", "evicts"][count.min(1)]);
        if self.model.idle.is_empty() {
            self.state.end_evictor();
            self.model.has_evictor = false;
        }
    }

    fn take_all(&mut self) {
        let expected: Vec<_> = self.model.idle.drain(..).map(|idle| idle.0).collect();
        assert_eq!(self.state.take_all(), expected);
    }

    fn check(&mut self) {
        let Self { state, model, .. } = self;
        assert_eq!(state.len(), model.idle.len());
        assert_eq!(self.level.get(), model.idle.len());
        assert_eq!(state.returning(), model.returning);
        assert_eq!(state.oldest(), model.idle.first().map(|idle| idle.2));
        let is_short = model.idle.is_empty() || !model.waiting.is_empty();
        assert_eq!(state.is_short(), is_short);
        assert!(model.waiting.len() <= model.returning);
        for waiting in &mut model.waiting {
            // Nobody who is in line was forgotten, and nobody was served out of turn.
            let expected = match waiting.is_cancelled {
                true => TryRecvError::Closed,
                false => TryRecvError::Empty,
            };
            assert_eq!(waiting.receiver.try_recv(), Err(expected));
        }
    }
}

#[test]
fn it_does_what_the_model_does() {
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let mut bench = Bench::new(seed);
        for step in 0..500 {
            let _shown = Shown { seed, step };
            match bench.chance.below(100) {
                0..35 => bench.check_out(),
                35..42 => bench.cancel(),
                42..62 => bench.begin_return(),
                62..66 => bench.begin_growth(),
                66..95 => bench.end_return(),
                95..99 => bench.evict(),
                _ => bench.take_all(),
            }
            bench.check();
        }
        // When all have come back, nobody waits.
        while bench.model.returning > 0 {
            bench.end_return();
            bench.check();
        }
        assert!(bench.model.waiting.is_empty());
        seen.append(&mut bench.seen);
    }
    // Whatever can happen did.
    assert_eq!(seen.len(), 7, "{seen:?}");
}

/// Says where it failed.
struct Shown {
    seed: u64,
    step: u32,
}

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}, step {}", self.seed, self.step);
        }
    }
}
