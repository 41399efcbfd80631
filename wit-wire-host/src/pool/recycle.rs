//! The way of an instance back to the idle ones.

use std::sync::Arc;
use std::time::Instant;

use super::IdleSet;
use super::idle_set::Member;
use super::permits::InstancePermits;

/// The way of an instance back to the idle ones. However it ends, the call that waits there is
/// told.
pub(super) struct ReturnGuard {
    set: Arc<IdleSet>,
    /// What arrives, if anything.
    member: Option<Box<Member>>,
    /// Whether it is an additional one, and not one that existed before.
    is_growth: bool,
    /// Released when all that is done.
    _permits: InstancePermits,
}

impl ReturnGuard {
    pub(super) fn new(set: &Arc<IdleSet>, permits: InstancePermits) -> Self {
        set.begin_return();
        Self {
            set: set.clone(),
            member: None,
            is_growth: false,
            _permits: permits,
        }
    }

    /// For an additional instance.
    pub(super) fn of_growth(set: &Arc<IdleSet>) -> Self {
        let mut guard = Self::new(set, InstancePermits::default());
        guard.is_growth = true;
        guard
    }

    pub(super) fn arrives(&mut self, member: Box<Member>) {
        self.member = Some(member);
    }

    /// Builds the instance that arrives.
    pub(super) async fn build(mut self) {
        // The next caller builds one itself, and gets the error.
        self.member = self.set.build_in_background().await.ok();
    }

    /// Makes an instance ready for the next call, or builds one in its place if no other is idle.
    pub(super) async fn recycle(mut self, mut member: Box<Member>) {
        let pool = &self.set.pool;
        let began = Instant::now();
        match member.pooled.reset(pool.config.verify).await {
            Ok(()) => {
                pool.counts.reset(began);
                self.member = Some(member);
            }
            Err(reason) => {
                pool.counts.discard(reason);
                drop(member);
                if self.set.is_short() {
                    pool.counts.rebuild();
                    self.build().await;
                }
            }
        }
    }
}

impl Drop for ReturnGuard {
    fn drop(&mut self) {
        self.set.end_return(self.member.take(), self.is_growth);
    }
}
