//! What all instances of a component begin with, and whether they can be taken back to it.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use super::discard::{Refusal, refusal};
use super::probe::{RestingState, StateProbe};
use super::template::StateExports;
use super::{Instance, Template};
use crate::background::Owned;
use crate::error::{CallError, Phase};
use crate::memory::{self, Image, ImageBounds, ImageError, PageStore, PinnedMemory};
use crate::metering::{Limit, LimitExceeded, Limits, Meter};
use crate::sandbox::StoreState;

/// How calls under [`Isolation::PerCall`](crate::Isolation::PerCall) shall get their clean state.
/// What a call sees is the same either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ResetPolicy {
    /// Reset instances where component and system allow it, else build a fresh one for each call.
    #[default]
    Auto,
    /// Reset instances: the memory of an instance is taken back to the state that `init` left. A
    /// component or system that does not allow it is an error,
    /// [`CallError::NoReset`](crate::CallError::NoReset).
    Require,
    /// Build a fresh instance for each call.
    Never,
}

/// Where instances of a component come from, and the state that they are taken back to.
pub(crate) struct Origin {
    pub(crate) template: Template,
    pub(super) policy: ResetPolicy,
    /// Of what no call pays for.
    pub(crate) limits: Limits,
    /// Ranges that an image may consist of if it is mapped.
    pub(super) ranges: usize,
    /// What became of work that no call pays for.
    background: Mutex<Background>,
    /// What its instances begin with, as soon as it is known, or why they are used once.
    blank: OnceCell<Result<Arc<Blank>, Refusal>>,
}

impl Origin {
    pub(crate) fn new(
        template: Template,
        policy: ResetPolicy,
        limits: Limits,
        ranges: usize,
    ) -> Self {
        Self {
            template,
            policy,
            limits: limits.in_background(),
            ranges,
            background: Mutex::default(),
            blank: OnceCell::new(),
        }
    }

    /// The exports through which an instance can be taken back to a state it had; or why it can't,
    /// as far as that is known without one.
    pub(super) fn state_exports(&self) -> Result<Result<&StateExports, Refusal>, CallError> {
        let failed = |error: std::io::Error| CallError::failed(error, Phase::Instantiate);
        let exports = match (self.policy, &self.template.state) {
            (ResetPolicy::Never, _) => Err("the host is configured to use fresh ones"),
            (_, None) => Err("it was compiled without access to its state"),
            (_, Some(exports)) => match memory::can_find_dirty_pages().map_err(failed)? {
                true => Ok(exports),
                false => Err("this system can't report which pages of memory are dirty"),
            },
        };
        self.or_refuse(exports.map_err(Refusal::from))
    }

    /// What an image of its instances may take.
    pub(crate) fn image_bounds(&self, bytes: usize) -> ImageBounds {
        let ranges = self.ranges;
        ImageBounds { bytes, ranges }
    }

    /// A refusal is an error if the host was told to reset instances.
    pub(crate) fn or_refuse<T>(
        &self,
        found: Result<T, Refusal>,
    ) -> Result<Result<T, Refusal>, CallError> {
        match (self.policy, found) {
            (ResetPolicy::Require, Err(why)) => Err(CallError::no_reset(&why)),
            (_, found) => Ok(found),
        }
    }

    /// The state that its instances begin with, or why there is none to take them back to.
    pub(crate) async fn blank(&self) -> Result<Result<Arc<Blank>, Refusal>, CallError> {
        let make = async || {
            let made = self
                .in_background(async |meter| Blank::new(self, meter).await)
                .await?;
            self.or_refuse(made.map(Arc::new))
        };
        self.blank.get_or_try_init(make).await.cloned()
    }

    /// That state, if it is known.
    pub(crate) fn known_blank(&self) -> Option<&Arc<Blank>> {
        self.blank.get()?.as_ref().ok()
    }

    /// Makes that state beside the caller, if it is not known yet, until the result is dropped.
    pub(super) fn begin_blank(self: &Arc<Self>) -> Option<Owned> {
        if self.blank.initialized() {
            return None;
        }
        let origin = self.clone();
        let make: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            // The caller asks for it as well, and gets the error.
            let _ = origin.blank().await;
        });
        Owned::spawn(make)
    }

    /// Builds something ahead of calls. No call pays for it, so that all of it together has the
    /// limit on CPU time that one such work has.
    pub(crate) async fn ahead<T>(
        &self,
        build: impl AsyncFnOnce(&Meter) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let work = async |meter: &Meter| {
            let built = build(meter).await;
            let limit = self.limits.cpu_time;
            self.background()
                .built(Instant::now(), meter.cpu_time(), limit);
            built
        };
        self.in_background(work).await
    }

    /// Does work that no call pays for, within limits of its own. If it reaches one, that is the
    /// answer for a while, and nothing is done.
    async fn in_background<T>(
        &self,
        work: impl AsyncFnOnce(&Meter) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if let Some(exceeded) = self.background().recent_failure() {
            return Err(CallError::limit(exceeded, Phase::Instantiate, None));
        }
        let meter = Meter::new(self.limits);
        let unpaid = Unpaid(self, &meter);
        let result = work(&meter).await;
        drop(unpaid);
        if let Err(CallError::Limit { exceeded, .. }) = &result {
            self.background().failed = Some((Instant::now(), *exceeded));
        }
        result
    }

    fn background(&self) -> MutexGuard<'_, Background> {
        self.background
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long nothing is tried in the background after a limit was reached there, and for how long
/// what is built ahead of calls is added up.
const MEMORY_OF_FAILURE: Duration = Duration::from_secs(10);

/// What building an instance may take without being added up: some calls end theirs, and it is in
/// their callers' interest that the next one finds another.
const CHEAP: Duration = Duration::from_millis(10);

/// What became of work that no call pays for.
#[derive(Default)]
struct Background {
    /// The limit that it reached, and when.
    failed: Option<(Instant, LimitExceeded)>,
    /// What was built ahead of calls lately, and since when that is added up.
    ahead: Option<(Instant, Duration)>,
}

impl Background {
    fn recent_failure(&self) -> Option<LimitExceeded> {
        let recent = self
            .failed
            .filter(|(when, _)| when.elapsed() < MEMORY_OF_FAILURE);
        recent.map(|(_, exceeded)| exceeded)
    }

    /// Something was built, and took `used` of the CPU time that all of it together may take.
    fn built(&mut self, now: Instant, used: Duration, limit: Duration) {
        let lately = self
            .ahead
            .filter(|(since, _)| now.duration_since(*since) < MEMORY_OF_FAILURE);
        let (since, before) = lately.unwrap_or((now, Duration::ZERO));
        let together = before.saturating_add(used.saturating_sub(CHEAP));
        self.ahead = Some((since, together));
        if together > limit {
            self.ahead = None;
            self.failed = Some((now, LimitExceeded::time(Limit::CpuTime, limit)));
        }
    }
}

/// Work that no call pays for, counted however it ends.
struct Unpaid<'a>(&'a Origin, &'a Meter);

impl Drop for Unpaid<'_> {
    fn drop(&mut self) {
        let Self(origin, meter) = self;
        let metrics = &origin.template.sandbox.metrics;
        metrics.background.add(meter.cpu_time());
    }
}

/// Bytes of memory that a component may change before its first call and still be reset: they are
/// kept as long as the component, and copied into each new instance, and by a reset after much
/// was changed.
const MOST_AT_REST: usize = 16 << 20;

/// The state that all instances of a component begin with, as the memory of a pristine instance
/// that never runs a call.
pub(crate) struct Blank {
    memory: PinnedMemory<StoreState>,
    pub(super) at_rest: RestingState,
    /// Bytes of memory that each instance has from the beginning, whatever its guest sees: the same
    /// for all, so that no guest learns from the end of its memory what calls before it needed.
    pub(super) reserved: usize,
    /// Where it is not what the component's code brings.
    pub(super) dirty: Vec<Range<usize>>,
    /// What the programs of the component have in memory.
    pub(super) pages: PageStore,
    digest: OnceLock<String>,
}

impl Blank {
    /// The outer error is one of this run, the inner one the component's own.
    async fn new(origin: &Origin, meter: &Meter) -> Result<Result<Self, Refusal>, CallError> {
        let exports = match origin.state_exports()? {
            Ok(exports) => exports,
            Err(why) => return Ok(Err(why)),
        };
        let settled = async || {
            let mut instance = Instance::new(&origin.template, true, meter).await?;
            let probe = StateProbe::settle(&mut instance, exports, meter).await?;
            Ok::<_, CallError>(probe.map(|probe| (instance, probe)))
        };
        let (mut instance, mut probe) = match settled().await? {
            Ok(settled) => settled,
            Err(why) => return Ok(Err(why)),
        };
        let has_room = probe.reserve(instance.resting(), origin.limits.memory);
        if !matches!(has_room.await, Ok(true)) {
            // Instances keep the memory that they begin with, and that of this one may be a copy.
            (instance, probe) = match settled().await? {
                Ok(settled) => settled,
                Err(why) => return Ok(Err(why)),
            };
        }
        let memory = probe.memory(instance.resting());
        let dirty = memory::dirty_pages(memory).and_then(|dirty| {
            memory::decommit_unchanged(memory, &dirty);
            memory::dirty_pages(memory)
        });
        let dirty = match dirty {
            Ok(dirty) => dirty,
            Err(error) if memory::is_transient(&error) => {
                return Err(CallError::failed(error, Phase::Instantiate));
            }
            Err(error) => return Ok(Err(refusal(error))),
        };
        let changed: usize = dirty.iter().map(ExactSizeIterator::len).sum();
        if changed > MOST_AT_REST {
            return Ok(Err(refusal(format_args!(
                "it changes {changed} bytes of memory before its first call, limit {MOST_AT_REST}"
            ))));
        }
        Ok(Ok(Self {
            at_rest: probe.at_rest,
            reserved: probe.length(),
            memory: PinnedMemory::new(instance.into_store(), probe.list(), probe.at_rest.memory),
            dirty,
            pages: PageStore::default(),
            digest: OnceLock::new(),
        }))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.bytes()
    }

    /// A digest of the state, less what the component's code determines.
    pub(crate) fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut digest = blake3::Hasher::new();
            digest.update(&(self.bytes().len() as u64).to_le_bytes());
            for range in &self.dirty {
                digest.update(&(range.start as u64).to_le_bytes());
                digest.update(&(range.end as u64).to_le_bytes());
                digest.update(self.bytes().get(range.clone()).unwrap_or_default());
            }
            digest.finalize().to_hex().to_string()
        })
    }

    /// The image of memory of `length` bytes with `pages` that come from elsewhere.
    pub(crate) fn image(
        &self,
        length: usize,
        pages: &[u8],
        bounds: ImageBounds,
    ) -> Result<Image, ImageError> {
        Image::read(self.bytes(), length, pages, &self.pages, bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_ahead_has_one_limit_together() {
        let (limit, now) = (Duration::from_millis(100), Instant::now());
        let mut background = Background::default();
        for _ in 0..1_000 {
            background.built(now, CHEAP, limit);
        }
        for _ in 0..2 {
            background.built(now, CHEAP + limit / 2, limit);
        }
        assert!(background.recent_failure().is_none());
        // What was long ago does not count.
        let later = now + MEMORY_OF_FAILURE;
        for _ in 0..2 {
            background.built(later, CHEAP + limit / 2, limit);
        }
        assert!(background.recent_failure().is_none());
        background.built(later, CHEAP + Duration::from_nanos(1), limit);
        let reached = LimitExceeded::time(Limit::CpuTime, limit);
        assert_eq!(background.recent_failure(), Some(reached));
    }
}
