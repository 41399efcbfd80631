//! What all instances of a component begin with, and whether they can be taken back to it.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::discard::{Refusal, refusal};
use super::probe::{RestingState, StateProbe};
use super::template::StateExports;
use super::{Instance, Template};
use crate::background;
use crate::error::{CallError, Phase};
use crate::memory::{self, Image, PageStore, PinnedMemory};
use crate::metering::{Limits, Meter};
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
    /// What its instances begin with, as soon as it is known, or why they are used once.
    blank: OnceCell<Result<Arc<Blank>, Refusal>>,
}

impl Origin {
    pub(crate) fn new(template: Template, policy: ResetPolicy, limits: Limits) -> Self {
        Self {
            template,
            policy,
            limits,
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
            let meter = Meter::new(self.limits);
            let made = Blank::new(self, &meter).await?;
            self.or_refuse(made.map(Arc::new))
        };
        self.blank.get_or_try_init(make).await.cloned()
    }

    /// Starts making that state in the background, if it is not known yet.
    pub(super) fn begin_blank(self: &Arc<Self>) {
        if let (false, Some(runtime)) = (self.blank.initialized(), background::handle()) {
            let origin = self.clone();
            let make: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
                // Whoever needs it gets the error.
                let _ = origin.blank().await;
            });
            runtime.spawn(make);
        }
    }
}

/// The state that all instances of a component begin with, as the memory of a pristine instance
/// that never runs a call.
pub(crate) struct Blank {
    memory: PinnedMemory<StoreState>,
    pub(super) at_rest: RestingState,
    /// Where it is not what the component's code brings.
    pub(super) dirty: Vec<Range<usize>>,
    /// What the programs of the component have in memory.
    pub(super) pages: PageStore,
}

impl Blank {
    /// The outer error is one of this run, the inner one the component's own.
    async fn new(origin: &Origin, meter: &Meter) -> Result<Result<Self, Refusal>, CallError> {
        let exports = match origin.state_exports()? {
            Ok(exports) => exports,
            Err(why) => return Ok(Err(why)),
        };
        let mut instance = Instance::new(&origin.template, true, meter).await?;
        let probe = match StateProbe::settle(&mut instance, exports, meter).await? {
            Ok(probe) => probe,
            Err(why) => return Ok(Err(why)),
        };
        let memory = probe.memory(instance.resting());
        let dirty = memory::dirty_pages(memory).and_then(|dirty| {
            memory::decommit_unchanged(memory, &dirty);
            memory::dirty_pages(memory)
        });
        let dirty = match dirty {
            Ok(dirty) => dirty,
            Err(error) => return Ok(Err(refusal(error))),
        };
        Ok(Ok(Self {
            at_rest: probe.at_rest,
            memory: PinnedMemory::new(instance.into_store(), probe.list()),
            dirty,
            pages: PageStore::default(),
        }))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.bytes()
    }

    /// A digest of the state, less what the component's code determines.
    pub(crate) fn digest(&self) -> String {
        let mut digest = blake3::Hasher::new();
        digest.update(&(self.bytes().len() as u64).to_le_bytes());
        for range in &self.dirty {
            digest.update(&(range.start as u64).to_le_bytes());
            digest.update(&(range.end as u64).to_le_bytes());
            digest.update(self.bytes().get(range.clone()).unwrap_or_default());
        }
        digest.finalize().to_hex().to_string()
    }

    /// The image of memory of `length` bytes with `pages` that come from elsewhere; `None` if they
    /// do not fit.
    pub(crate) fn image(&self, length: usize, pages: &[u8]) -> Option<Image> {
        Image::read(self.bytes(), length, pages, &self.pages)
    }
}
