//! A component that was checked against the protocol and linked.

use std::sync::Arc;

use tokio::sync::OnceCell;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};

use crate::blocking::background;
use crate::error::{Error, Phase};
use crate::host::Host;
use crate::instance::Instance;
use crate::memory;
use crate::pool::{CleanState, Stock};
use crate::reset::{Blank, Exports, Refusal};
use crate::run::Run;
use crate::shape::{Shape, detect};
use crate::state::State;
use crate::wire::{GUEST_INTERFACE, HOSTCALL_INTERFACE};

/// A component ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(crate) host: Host,
    pub(crate) pre: InstancePre<State>,
    pub(crate) shape: Shape,
    pub(crate) init: ComponentExportIndex,
    pub(crate) handle: ComponentExportIndex,
    pub(crate) state: Option<Exports>,
    /// What its instances begin with, once there is one, or why they are used once.
    blank: Arc<OnceCell<Result<Arc<Blank>, Refusal>>>,
    /// Its idle instances.
    pub(crate) stock: Arc<Stock>,
    identity: Option<Arc<str>>,
}

impl Component {
    pub(crate) fn new(
        host: &Host,
        component: &wasmtime::component::Component,
        linker: &Linker<State>,
    ) -> Result<Self, Error> {
        let shape = detect(&host.0.engine, &component.component_type())?;
        let ty = component.component_type();
        let imports = ty.imports(&host.0.engine).map(|(name, _)| name);
        let imports: Vec<_> = imports
            .filter(|name| !is_offered(name))
            .map(str::to_owned)
            .collect();
        if !imports.is_empty() {
            return Err(Error::Imports { imports });
        }
        let link = |error: wasmtime::Error| Error::Link(error.into_boxed_dyn_error());
        let pre = linker.instantiate_pre(component).map_err(link)?;
        let guest = component.get_export_index(None, GUEST_INTERFACE);
        let export = |name| {
            let index = guest
                .as_ref()
                .and_then(|guest| component.get_export_index(Some(guest), name));
            index.ok_or_else(|| {
                link(wasmtime::Error::msg(format!(
                    "no export `{name}` in `{GUEST_INTERFACE}`"
                )))
            })
        };
        let (init, handle) = (export("init")?, export("handle")?);
        Ok(Self {
            host: host.clone(),
            pre,
            shape,
            init,
            handle,
            state: Exports::of(component),
            blank: Arc::default(),
            stock: host.0.pool.stock(),
            identity: None,
        })
    }

    /// Says what the component is, such as by a digest of it and of how it was compiled. Two that are called the same must be
    /// the same: a program that was kept as bytes is read back by the name of its component.
    #[must_use]
    pub fn identified(mut self, identity: impl Into<Arc<str>>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// What the component was said to be.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Through what an instance can be taken back to a state it had; or why not, as far as that can be told without one.
    pub(crate) fn reset_exports(&self) -> Result<Result<&Exports, Refusal>, Error> {
        let failed = |error| Error::Failed {
            op: None,
            phase: Phase::Instantiate,
            source: Box::new(error),
        };
        let exports = match (self.host.0.pool.clean_state(), &self.state) {
            (CleanState::FreshInstance, _) => Err("the host was told to use fresh ones"),
            (_, None) => Err("it was compiled without access to its state"),
            (_, Some(exports)) => match memory::is_supported().map_err(failed)? {
                true => Ok(exports),
                false => Err("this system can't tell which pages of memory were written"),
            },
        };
        self.or_refuse(exports.map_err(Refusal::from))
    }

    /// What can't be had is an error if the host was told that it must.
    pub(crate) fn or_refuse<T>(
        &self,
        found: Result<T, Refusal>,
    ) -> Result<Result<T, Refusal>, Error> {
        match (self.host.0.pool.clean_state(), found) {
            (CleanState::Reset, Err(why)) => Err(Error::no_reset(&why)),
            (_, found) => Ok(found),
        }
    }

    /// The state that its instances begin with, or why there is none to take them back to.
    pub(crate) async fn blank(&self) -> Result<Result<Arc<Blank>, Refusal>, Error> {
        let make = async || {
            let run = Run::new(*self.host.limits());
            let made = Blank::new(self, &run).await?;
            self.or_refuse(made.map(Arc::new))
        };
        self.blank.get_or_try_init(make).await.cloned()
    }

    /// Has the state made, if it was not, while the caller does something else.
    pub(crate) fn begin_blank(&self) {
        if let (false, Some(runtime)) = (self.blank.initialized(), background()) {
            let component = self.clone();
            // What is wrong with it whoever needs it will be told.
            runtime.spawn(async move { component.blank().await.map(drop) });
        }
    }

    /// The host that the component belongs to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Which of the published shapes the component has.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Builds an instance that belongs to no pool and is never reset.
    ///
    /// Cancel safe: a dropped future leaves nothing behind.
    pub async fn instantiate(&self, run: &Run) -> Result<Instance, Error> {
        Instance::new(self, false, run).await
    }
}

/// Whether the linker of every host has the import `name`. Versions of WASI 0.2 are compatible with each other.
fn is_offered(name: &str) -> bool {
    let wasi = || {
        let (package, rest) = name.strip_prefix("wasi:")?.split_once('/')?;
        let (_, version) = rest.split_once('@')?;
        let known = ["cli", "clocks", "filesystem", "io", "random", "sockets"].contains(&package);
        Some(known && version.starts_with("0.2."))
    };
    name == HOSTCALL_INTERFACE || wasi() == Some(true)
}
