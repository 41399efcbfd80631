//! How the host reaches the state of an instance, and what that was at rest.

use wasmtime::Store;
use wasmtime::component::{TypedFunc, WasmList};

use super::Instance;
use super::discard::{DiscardReason, Refusal, refusal};
use super::template::StateExports;
use crate::error::{CallError, Phase};
use crate::memory;
use crate::metering::Meter;
use crate::protocol::reserved::SETTLE;
use crate::sandbox::StoreState;

/// The state of an instance apart from the content of its memory.
#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) struct RestingState {
    /// Bytes of memory.
    pub(super) memory: usize,
    /// The handle that the host would give out next, if no call had more than one open beyond those
    /// at rest: handles that were closed are reused, last one first.
    next_handle: Option<u32>,
    /// How often streams were opened, closed and subscribed to: two may have changed places.
    streams: [u64; 3],
}

impl RestingState {
    fn of(store: &mut Store<StoreState>) -> Self {
        let state = store.data_mut();
        Self {
            memory: state.memory.used,
            next_handle: state.next_handle(),
            streams: state.handles(),
        }
    }
}

/// How the host reaches the state of one instance, and what that was at rest.
pub(super) struct StateProbe {
    memory: WasmList<u8>,
    grow: TypedFunc<(u32,), (bool,)>,
    changed: TypedFunc<(), (bool,)>,
    locate: TypedFunc<(), (WasmList<u8>,)>,
    pub(super) at_rest: RestingState,
}

impl StateProbe {
    /// Brings a new instance to rest: it has opened what it needs, and everything later is compared
    /// with this moment.
    ///
    /// The outer error is one of this run, the inner one the component's own.
    pub(super) async fn settle(
        instance: &mut Instance,
        exports: &StateExports,
        meter: &Meter,
    ) -> Result<Result<Self, Refusal>, CallError> {
        match instance.handle(meter, &SETTLE.into(), "null").await {
            Err(CallError::NoHandler { .. }) => {}
            Err(error @ (CallError::Limit { .. } | CallError::NoRuntime)) => return Err(error),
            // Not the component's doing, so nothing to remember of it.
            Err(error) if error.is_of_the_system() => return Err(error),
            Err(error) => return Ok(Err(refusal(error))),
            Ok(_) => {
                let why = format_args!("the guest handles `{SETTLE}`, which is reserved");
                return Ok(Err(refusal(why)));
            }
        }
        let linked = instance.linked;
        let store = instance.resting();
        store.data().come_to_rest();
        let probe = match Self::reach(linked, store, exports).await {
            Ok(probe) => probe,
            Err(error) => {
                let why = refusal(&error);
                let failed = CallError::failed(error.into_boxed_dyn_error(), Phase::Instantiate);
                return match failed.is_of_the_system() {
                    true => Err(failed),
                    false => Ok(Err(why)),
                };
            }
        };
        let memory = probe.memory(store);
        memory::keep_pages_plain(memory);
        if memory.len() != probe.at_rest.memory {
            return Ok(Err(refusal("part of its memory is not accessible")));
        }
        Ok(Ok(probe))
    }

    async fn reach(
        linked: wasmtime::component::Instance,
        store: &mut Store<StoreState>,
        exports: &StateExports,
    ) -> wasmtime::Result<Self> {
        let mark = linked.get_typed_func::<(), ()>(&mut *store, exports.mark)?;
        mark.call_async(&mut *store, ()).await?;
        let locate: TypedFunc<(), (WasmList<u8>,)> =
            linked.get_typed_func(&mut *store, exports.memory)?;
        let (memory,) = locate.call_async(&mut *store, ()).await?;
        // What a handle is or holds can't be seen from here, so nothing may be kept in one.
        // Standard streams and pollables of them hold nothing, and are counted.
        wasmtime::ensure!(
            store.data_mut().holds_only_streams(),
            "it keeps handles open that are not its standard streams"
        );
        store.data_mut().spare_handle();
        let at_rest = RestingState::of(store);
        wasmtime::ensure!(
            at_rest.next_handle.is_some(),
            "it closes several handles while it settles"
        );
        Ok(Self {
            memory,
            locate,
            grow: linked.get_typed_func(&mut *store, exports.grow)?,
            changed: linked.get_typed_func(&mut *store, exports.changed)?,
            at_rest,
        })
    }

    pub(super) fn list(&self) -> &WasmList<u8> {
        &self.memory
    }

    pub(super) fn memory<'a>(&self, store: &'a mut Store<StoreState>) -> &'a mut [u8] {
        memory::bytes_mut(&self.memory, store)
    }

    /// Whether nothing but the content of the memory differs from the state at rest.
    pub(super) async fn check(&self, store: &mut Store<StoreState>) -> Result<(), DiscardReason> {
        self.check_handles(store)?;
        match self.changed.call_async(store, ()).await {
            Ok((false,)) => Ok(()),
            Ok((true,)) => Err(DiscardReason::Global),
            Err(_) => Err(DiscardReason::Ended),
        }
    }

    /// Whether the length of the memory and the handles are those at rest.
    pub(super) fn check_handles(&self, store: &mut Store<StoreState>) -> Result<(), DiscardReason> {
        let now = RestingState::of(store);
        if now.memory != self.at_rest.memory {
            return Err(DiscardReason::Grew);
        }
        match now == self.at_rest && store.data_mut().holds_only_streams() {
            true => Ok(()),
            false => Err(DiscardReason::Handles),
        }
    }

    /// Whether memory is all in which the state differs from that at rest, so that a copy of the
    /// memory is a copy of the state. It may have grown, and handles may have been opened and
    /// closed again: the guest knows none of them.
    pub(super) async fn check_copyable(
        &self,
        store: &mut Store<StoreState>,
    ) -> Result<(), DiscardReason> {
        let state = store.data_mut();
        if state.handles() != self.at_rest.streams || !state.holds_only_streams() {
            return Err(DiscardReason::Handles);
        }
        match self.changed.call_async(store, ()).await {
            Ok((false,)) => Ok(()),
            Ok((true,)) => Err(DiscardReason::Global),
            Err(_) => Err(DiscardReason::Ended),
        }
    }

    /// The memory as it is now, which may be longer than at rest.
    pub(super) async fn present_memory<'a>(
        &self,
        store: &'a mut Store<StoreState>,
    ) -> wasmtime::Result<&'a mut [u8]> {
        let used = store.data().memory.used;
        if used == self.at_rest.memory {
            return Ok(self.memory(store));
        }
        let (all,) = self.locate.call_async(&mut *store, ()).await?;
        let memory = memory::bytes_mut(&all, store);
        wasmtime::ensure!(memory.len() == used, "part of its memory is not accessible");
        memory::keep_pages_plain(memory);
        Ok(memory)
    }

    /// Takes the present length of the memory for the one at rest, and says whether it is another.
    pub(super) async fn accept_growth(
        &mut self,
        store: &mut Store<StoreState>,
    ) -> wasmtime::Result<bool> {
        let used = store.data().memory.used;
        let grew = used != self.at_rest.memory;
        if grew {
            (self.memory,) = self.locate.call_async(&mut *store, ()).await?;
            let memory = self.memory(store);
            wasmtime::ensure!(memory.len() == used, "part of its memory is not accessible");
            memory::keep_pages_plain(memory);
            // Not before: until then it counts as grown, and is discarded.
            self.at_rest.memory = used;
        }
        Ok(grew)
    }

    /// Grows the memory to `length` bytes.
    pub(super) async fn grow_to(
        &self,
        store: &mut Store<StoreState>,
        length: usize,
    ) -> wasmtime::Result<()> {
        let more = length.saturating_sub(store.data().memory.used) / (64 << 10);
        let pages = u32::try_from(more)?;
        let (grown,) = self.grow.call_async(&mut *store, (pages,)).await?;
        wasmtime::ensure!(grown, "the memory can't grow to {length} bytes");
        Ok(())
    }
}
