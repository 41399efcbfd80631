//! The idle instances of one component.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::evict::Evictor;
use super::idle::{Checkout, IdleState, Returned};
use super::permits::InstancePermits;
use super::recycle::ReturnGuard;
use super::{Pool, PoolConfig, lock};
use crate::background;
use crate::error::CallError;
use crate::instance::{Held, Origin, PooledInstance};
use crate::memory::Image;
use crate::metering::Meter;

/// The idle instances of one component, and where more of them come from.
pub(crate) struct IdleSet {
    pub(super) pool: Arc<Pool>,
    pub(crate) origin: Arc<Origin>,
    state: Mutex<IdleState<Box<Member>>>,
    /// Each instance holds a clone, idle or not, which counts them.
    members: Arc<()>,
}

/// An instance of the set, idle or not.
pub(super) struct Member {
    pub(super) pooled: PooledInstance,
    _counted: Arc<()>,
}

impl IdleSet {
    pub(crate) fn new(pool: &Arc<Pool>, origin: Origin) -> Arc<Self> {
        let set = Arc::new(Self {
            pool: pool.clone(),
            origin: Arc::new(origin),
            state: Mutex::default(),
            members: Arc::default(),
        });
        pool.add(&set);
        set
    }

    /// Builds a pristine instance that no call pays for.
    pub(super) async fn build_in_background(&self) -> Result<Box<Member>, CallError> {
        let build = async |meter: &Meter| self.build(meter).await;
        self.origin.ahead(build).await
    }

    /// Builds a pristine instance.
    pub(super) async fn build(&self, meter: &Meter) -> Result<Box<Member>, CallError> {
        let _counted = self.members.clone();
        let pooled = Box::pin(PooledInstance::new(&self.origin, meter)).await?;
        Ok(Box::new(Member { pooled, _counted }))
    }

    /// Builds instances until `count` of them are idle.
    pub(crate) async fn warm(self: &Arc<Self>, count: usize) -> Result<(), CallError> {
        let _call = self.pool.begin(&Meter::new(self.origin.limits))?;
        let idle = lock(&self.state).len();
        for _ in idle..count.min(self.pool.config.instances) {
            let mut new = ReturnGuard::new(self, InstancePermits::default());
            new.arrives(self.build(&Meter::new(self.origin.limits)).await?);
        }
        Ok(())
    }

    pub(super) fn check_out(&self, image: Option<&Arc<Image>>) -> Checkout<Box<Member>> {
        let wanted = image.map_or(Held::Pristine, |image| Held::Image(image.key()));
        lock(&self.state).check_out(wanted, |member| member.pooled.fits(image))
    }

    /// How many instances are on their way back.
    pub(super) fn returning(&self) -> usize {
        lock(&self.state).returning()
    }

    pub(super) fn begin_return(&self) {
        lock(&self.state).begin_return();
    }

    /// An instance has come back, or has not.
    pub(super) fn end_return(self: &Arc<Self>, member: Option<Box<Member>>, is_growth: bool) {
        let mut starts_evictor = false;
        let mut state = lock(&self.state);
        // Looked at under the lock, so that nothing is put here after a shutdown has emptied the
        // set.
        let (member, refused) = match self.pool.is_closed() {
            false => (member, None),
            true => (None, member),
        };
        let (returned, in_vain) = state.end_return(member, is_growth);
        if let Returned::Idle(member) = returned {
            let (held, counted) = (member.pooled.holds(), self.pool.counts.idle());
            starts_evictor = state.put(member, held, Instant::now(), counted);
        }
        drop(state);
        drop((refused, in_vain));
        if starts_evictor {
            Evictor::start(self);
        }
        self.pool.evict_excess();
    }

    /// Builds one more in the background because a call waits, up to as many as can be at work:
    /// what waiting functions need on top is built as they come.
    pub(super) fn grow(self: &Arc<Self>) {
        let Some(runtime) = background::handle() else {
            return;
        };
        let members = Arc::strong_count(&self.members) - 1;
        let PoolConfig {
            instances,
            computing,
            ..
        } = self.pool.config;
        let is_full = members >= instances.min(computing);
        if is_full || lock(&self.state).begin_growth() {
            return;
        }
        runtime.spawn(ReturnGuard::of_growth(self).build());
    }

    /// Whether nothing is left for the next call.
    pub(super) fn is_short(&self) -> bool {
        lock(&self.state).is_short() && !self.pool.is_closed()
    }

    pub(super) fn oldest(&self) -> Option<Instant> {
        lock(&self.state).oldest()
    }

    /// Releases those that have been idle since `time` or longer.
    pub(super) fn evict(&self, time: Instant) {
        let evicted = lock(&self.state).evict(time);
        self.pool.counts.discard_idle(evicted.len() as u64);
    }

    /// Since when the one that has been idle for longest is. If there is none, no task evicts any
    /// more: looked at and marked at once, so that the next instance starts the next task.
    pub(super) fn oldest_or_end_evictor(&self) -> Option<Instant> {
        let mut state = lock(&self.state);
        let oldest = state.oldest();
        if oldest.is_none() {
            state.end_evictor();
        }
        oldest
    }

    pub(super) fn end_evictor(&self) {
        lock(&self.state).end_evictor();
    }

    pub(super) fn release_all(&self) {
        // Not dropped under the lock.
        let idle = lock(&self.state).take_all();
        drop(idle);
    }
}
