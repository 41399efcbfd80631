//! Releasing instances that nobody needs.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::{IdleSet, Pool};
use crate::background;

/// Releases the instances of a set that have been idle for too long, as long as there are any.
pub(super) struct Evictor(Weak<IdleSet>);

impl Evictor {
    pub(super) fn start(set: &Arc<IdleSet>) {
        let evictor = Self(Arc::downgrade(set));
        let idle_time = set.pool.config.idle_time;
        if let Some(runtime) = background::handle() {
            runtime.spawn(evictor.run(Instant::now() + idle_time));
        }
    }

    async fn run(mut self, mut due: Instant) {
        loop {
            tokio::time::sleep_until(due.into()).await;
            let Some(set) = self.0.upgrade() else {
                return;
            };
            let idle_time = set.pool.config.idle_time;
            if let Some(time) = Instant::now().checked_sub(idle_time) {
                set.evict(time);
            }
            match set.oldest_or_end_evictor() {
                Some(since) => due = since + idle_time,
                None => {
                    self.0 = Weak::new();
                    return;
                }
            }
        }
    }
}

impl Drop for Evictor {
    /// Also when its runtime ends.
    fn drop(&mut self) {
        if let Some(set) = self.0.upgrade() {
            set.end_evictor();
        }
    }
}

impl Pool {
    /// All components together keep as many instances as there are permits.
    pub(super) fn evict_excess(&self) {
        if self.counts.idle_now() <= self.config.instances {
            return;
        }
        let sets = self.idle_sets();
        let oldest = sets.iter().filter_map(|set| Some((set.oldest()?, set)));
        if let Some((since, set)) = oldest.min_by_key(|(since, _)| *since) {
            set.evict(since);
        }
    }
}
