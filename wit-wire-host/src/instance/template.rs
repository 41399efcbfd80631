//! A component that was checked against the protocol and linked: what instances are built from.

use std::sync::Arc;

use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::error::BuildError;
use crate::protocol::reserved::{
    GUEST_INTERFACE, HOSTCALL_INTERFACE, INTERRUPTS_INTERFACE, STATE_INTERFACE,
};
use crate::protocol::{Dialect, detect};
use crate::sandbox::{Sandbox, StoreState};

/// What instances of a component are built from.
pub(crate) struct Template {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) pre: InstancePre<StoreState>,
    pub(crate) dialect: Dialect,
    pub(super) init: ComponentExportIndex,
    pub(super) handle: ComponentExportIndex,
    pub(super) state: Option<StateExports>,
}

impl Template {
    pub(crate) fn new(sandbox: Arc<Sandbox>, component: &Component) -> Result<Self, BuildError> {
        let ty = component.component_type();
        let dialect = detect(&sandbox.engine, &ty)?;
        let imports = || ty.imports(&sandbox.engine).map(|(name, _)| name);
        if !imports().any(|name| name == INTERRUPTS_INTERFACE) {
            return Err(BuildError::Unchecked);
        }
        let imports: Vec<_> = imports()
            .filter(|name| !is_offered(name))
            .map(str::to_owned)
            .collect();
        if !imports.is_empty() {
            return Err(BuildError::Imports { imports });
        }
        let pre = sandbox.linker.instantiate_pre(component);
        let pre = pre.map_err(BuildError::link)?;
        let guest = component.get_export_index(None, GUEST_INTERFACE);
        let export = |name| {
            let index = guest
                .as_ref()
                .and_then(|guest| component.get_export_index(Some(guest), name));
            let missing = || format!("no export `{name}` in `{GUEST_INTERFACE}`");
            index.ok_or_else(|| BuildError::link(wasmtime::Error::msg(missing())))
        };
        let (init, handle) = (export("init")?, export("handle")?);
        Ok(Self {
            sandbox,
            pre,
            dialect,
            init,
            handle,
            state: StateExports::of(component),
        })
    }
}

/// Where a component has the functions of `wit-wire:instance/state`.
#[derive(Clone, Copy)]
pub(super) struct StateExports {
    pub(super) memory: ComponentExportIndex,
    pub(super) grow: ComponentExportIndex,
    pub(super) resize: ComponentExportIndex,
    pub(super) mark: ComponentExportIndex,
    pub(super) changed: ComponentExportIndex,
}

impl StateExports {
    pub(super) fn of(component: &Component) -> Option<Self> {
        let interface = component.get_export_index(None, STATE_INTERFACE)?;
        let function = |name| component.get_export_index(Some(&interface), name);
        Some(Self {
            memory: function("memory")?,
            grow: function("grow")?,
            resize: function("resize")?,
            mark: function("mark")?,
            changed: function("changed")?,
        })
    }
}

/// Whether the linker of every host has the import `name`. Versions of WASI 0.2 are compatible with
/// each other.
fn is_offered(name: &str) -> bool {
    let wasi = || {
        let (package, rest) = name.strip_prefix("wasi:")?.split_once('/')?;
        let (_, version) = rest.split_once('@')?;
        let known = ["cli", "clocks", "filesystem", "io", "random", "sockets"].contains(&package);
        Some(known && version.starts_with("0.2."))
    };
    name == HOSTCALL_INTERFACE || name == INTERRUPTS_INTERFACE || wasi() == Some(true)
}
