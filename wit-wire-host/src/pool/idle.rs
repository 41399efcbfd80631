//! Which instances of a component are idle, which are on their way back, and who waits for those.
//!
//! A state machine about things of any type `T`, so that it can be tested without a guest.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::instance::Held;
use crate::telemetry::Counted;

/// The idle instances of one component.
pub(super) struct IdleState<T> {
    /// By order of arrival: the first one has been idle for longest.
    idle: BTreeMap<u64, Idle<T>>,
    /// Those that hold a state, in order of arrival.
    by_state: HashMap<Held, Vec<u64>>,
    next: u64,
    /// How many are on their way back: being reset or replaced.
    returning: usize,
    /// Whether one more is being built, because calls had to wait.
    is_growing: bool,
    /// Calls that wait for one of those on their way back. They are no more than those.
    handoffs: VecDeque<oneshot::Sender<T>>,
    /// Whether a task evicts those that are idle for too long.
    has_evictor: bool,
}

struct Idle<T> {
    instance: T,
    held: Held,
    since: Instant,
    _counted: Counted,
}

/// What a call gets that asks for an instance.
pub(super) enum Checkout<T> {
    Idle(T),
    /// One on its way back will be sent here, unless this closes.
    Handoff(oneshot::Receiver<T>),
    /// Neither: build one.
    Build,
}

/// What becomes of an instance that has come back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Returned<T> {
    /// Nothing came back, or a waiting call has it.
    Done,
    /// No call waits for it.
    Idle(T),
}

impl<T> Default for IdleState<T> {
    fn default() -> Self {
        Self {
            idle: BTreeMap::new(),
            by_state: HashMap::new(),
            next: 0,
            returning: 0,
            is_growing: false,
            handoffs: VecDeque::new(),
            has_evictor: false,
        }
    }
}

impl<T> IdleState<T> {
    /// An instance for a call that needs the state `wanted`, or where to wait for one: resetting an
    /// instance takes less time than building one.
    ///
    /// Of the idle ones it is the one that is the least work: one that holds the state, else a
    /// pristine one that `fits`, the latest of each, whose memory may still be in the processor's
    /// caches; else the one that has been idle for longest of those that fit.
    pub(super) fn check_out(&mut self, wanted: Held, fits: impl Fn(&T) -> bool) -> Checkout<T> {
        if let Some(instance) = self.pick(wanted, fits) {
            return Checkout::Idle(instance);
        }
        if self.handoffs.len() < self.returning {
            let (sender, receiver) = oneshot::channel();
            self.handoffs.push_back(sender);
            return Checkout::Handoff(receiver);
        }
        Checkout::Build
    }

    fn pick(&mut self, wanted: Held, fits: impl Fn(&T) -> bool) -> Option<T> {
        let latest = |held| self.by_state.get(&held)?.last().copied();
        let fits = |number: &u64| {
            self.idle
                .get(number)
                .is_some_and(|idle| fits(&idle.instance))
        };
        let number = latest(wanted)
            .or_else(|| latest(Held::Pristine).filter(fits))
            .or_else(|| self.idle.keys().copied().find(fits))?;
        self.remove(number)
    }

    fn remove(&mut self, number: u64) -> Option<T> {
        let Idle { instance, held, .. } = self.idle.remove(&number)?;
        if let Some(numbers) = self.by_state.get_mut(&held) {
            // In ascending order, since they only ever join at the end.
            if let Ok(at) = numbers.binary_search(&number) {
                numbers.remove(at);
            }
            if numbers.is_empty() {
                self.by_state.remove(&held);
            }
        }
        Some(instance)
    }

    pub(super) fn returning(&self) -> usize {
        self.returning
    }

    /// One more is on its way back.
    pub(super) fn begin_return(&mut self) {
        self.returning += 1;
    }

    /// One has come back, or has not. It is sent to the first call that still waits for it.
    /// `is_growth` says that it is the additional one, and not one that existed before. Also
    /// returns the calls that wait in vain now, which are to be dropped without the lock.
    pub(super) fn end_return(
        &mut self,
        mut instance: Option<T>,
        is_growth: bool,
    ) -> (Returned<T>, Vec<oneshot::Sender<T>>) {
        self.returning -= 1;
        self.is_growing &= !is_growth;
        while let Some(back) = instance.take() {
            let Some(handoff) = self.handoffs.pop_front() else {
                return (Returned::Idle(back), self.in_vain());
            };
            // Sent back if that call has ended in the meantime.
            instance = handoff.send(back).err();
        }
        (Returned::Done, self.in_vain())
    }

    fn in_vain(&mut self) -> Vec<oneshot::Sender<T>> {
        let excess = self.handoffs.len().saturating_sub(self.returning);
        self.handoffs.drain(..excess).collect()
    }

    /// Puts an instance that holds the state `held` to the idle ones. Whether an evictor is to be
    /// started now.
    pub(super) fn put(
        &mut self,
        instance: T,
        held: Held,
        since: Instant,
        _counted: Counted,
    ) -> bool {
        let number = self.next;
        self.next += 1;
        let idle = Idle {
            instance,
            held,
            since,
            _counted,
        };
        self.idle.insert(number, idle);
        self.by_state.entry(held).or_default().push(number);
        !std::mem::replace(&mut self.has_evictor, true)
    }

    pub(super) fn len(&self) -> usize {
        self.idle.len()
    }

    /// Whether nothing is left for the next call.
    pub(super) fn is_short(&self) -> bool {
        self.idle.is_empty() || !self.handoffs.is_empty()
    }

    /// Marks one more as being built. Whether one was already.
    pub(super) fn begin_growth(&mut self) -> bool {
        std::mem::replace(&mut self.is_growing, true)
    }

    /// Since when the one that has been idle for longest is.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.idle.values().next().map(|idle| idle.since)
    }

    /// Takes out those that have been idle since `time` or longer.
    pub(super) fn evict(&mut self, time: Instant) -> Vec<T> {
        let old = self.idle.iter().take_while(|(_, idle)| idle.since <= time);
        let old: Vec<_> = old.map(|(number, _)| *number).collect();
        old.into_iter()
            .filter_map(|number| self.remove(number))
            .collect()
    }

    /// Takes out all.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.by_state.clear();
        let idle = std::mem::take(&mut self.idle);
        idle.into_values().map(|idle| idle.instance).collect()
    }

    /// No task evicts any more.
    pub(super) fn end_evictor(&mut self) {
        self.has_evictor = false;
    }
}

#[cfg(test)]
mod tests;
