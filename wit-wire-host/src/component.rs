//! A component, as an embedder holds it.

use std::fmt;
use std::sync::Arc;

use crate::error::{BuildError, CallError, Phase};
use crate::host::Host;
use crate::instance::{Instance, Origin, Template};
use crate::memory::{Image, ImageError, SnapshotError};
use crate::metering::{Limit, LimitExceeded, Limits, Meter};
use crate::pool::IdleSet;
use crate::protocol::Dialect;

/// A component that was checked against the protocol and linked. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    host: Host,
    pub(crate) idle: Arc<IdleSet>,
    identity: Option<Arc<str>>,
}

impl Host {
    /// Checks `component` against the protocol, in either dialect, and links it once for all its
    /// instances.
    ///
    /// A component that exports `wit-wire:instance/state` is trusted to report its state
    /// truthfully. `artifact_embed::instrument` adds that export and rejects components that bring
    /// their own; if you compile by other means, do the same.
    ///
    /// # Errors
    ///
    /// [`BuildError::Mismatch`], [`BuildError::Imports`] or [`BuildError::Link`].
    pub fn component(
        &self,
        component: &wasmtime::component::Component,
    ) -> Result<Component, BuildError> {
        let template = Template::new(self.0.sandbox.clone(), component)?;
        let config = &self.0.config;
        let origin = Origin::new(
            template,
            config.reset,
            self.0.limits,
            config.mapped_ranges(),
        );
        Ok(Component {
            host: self.clone(),
            idle: IdleSet::new(&self.0.pool, origin),
            identity: None,
        })
    }
}

impl Component {
    /// Names the component, for example by a digest of it and of how it was compiled. Two
    /// components with the same name must be the same: a [snapshot](crate::Snapshot) is restored by
    /// the name of its component.
    #[must_use]
    pub fn with_identity(mut self, identity: impl Into<Arc<str>>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// The name that the component was given.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Whether something that was stored belongs to this component.
    pub(crate) fn check_identity(&self, found: &str) -> Result<(), SnapshotError> {
        if self.identity() == Some(found) {
            return Ok(());
        }
        let identity = self.identity().unwrap_or("a component without an identity");
        Err(SnapshotError::Component {
            expected: identity.to_owned(),
            found: found.to_owned(),
        })
    }

    /// The image of a state that was stored, if it belongs to the state that instances of the
    /// component begin with here.
    pub(crate) async fn adopt(
        &self,
        blank: &str,
        memory: usize,
        pages: &[u8],
        limits: &Limits,
    ) -> Result<Arc<Image>, CallError> {
        let exceeds = |exceeded| CallError::limit(exceeded, Phase::Init, None);
        LimitExceeded::check(Limit::Memory, limits.memory, memory).map_err(exceeds)?;
        let own = self.origin().blank().await?;
        let own = own.map_err(|why| CallError::no_reset(&why))?;
        if own.digest() != blank {
            return Err(SnapshotError::Blank.into());
        }
        let bounds = self.origin().image_bounds(limits.state);
        let image = own.image(memory, pages, bounds);
        image.map(Arc::new).map_err(|error| match error {
            ImageError::Invalid => SnapshotError::Damaged("its pages do not fit its memory").into(),
            ImageError::TooLarge(bytes) => {
                exceeds(LimitExceeded::size(Limit::State, bounds.bytes, bytes))
            }
        })
    }

    /// The host that the component belongs to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The dialect of the protocol that the component speaks.
    pub fn dialect(&self) -> Dialect {
        self.origin().template.dialect
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.idle.origin
    }

    /// Builds instances until `count` of them are idle, so that the first calls need not. The host
    /// keeps no more of them than its pool has instances, and releases them when they have been
    /// idle for long.
    ///
    /// Cancel safe: instances that were built by then stay.
    ///
    /// # Errors
    ///
    /// Whatever keeps an instance from being built, or [`CallError::ShutDown`].
    pub async fn warm(&self, count: usize) -> Result<(), CallError> {
        self.idle.warm(count).await
    }

    /// Builds an instance that belongs to no pool and is never reset.
    ///
    /// Cancel safe: a dropped future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// A limit, a trap of the component's start function, or whatever else keeps an instance from
    /// being built.
    pub async fn instantiate(&self, meter: &Meter) -> Result<Instance, CallError> {
        Instance::new(&self.origin().template, false, meter).await
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("identity", &self.identity)
            .field("dialect", &self.dialect())
            .finish_non_exhaustive()
    }
}
