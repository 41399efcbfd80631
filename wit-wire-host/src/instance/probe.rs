//! How the host reaches the state of an instance, and what that was at rest.

use wasmtime::Store;
use wasmtime::component::{TypedFunc, WasmList};

use super::Instance;
use super::discard::{DiscardReason, Refusal, refusal};
use super::template::StateExports;
use crate::error::{CallError, Phase};
use crate::memory::{self, DeepStack};
use crate::metering::Meter;
use crate::protocol::reserved::SETTLE;
use crate::sandbox::StoreState;

/// The state of an instance apart from the content of its memory.
#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) struct RestingState {
    /// Bytes of memory that the guest sees.
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
    /// All of it, of which the guest sees a part.
    memory: WasmList<u8>,
    /// Bytes of all that at rest.
    resting_length: usize,
    grow: TypedFunc<(u32,), (bool,)>,
    resize: TypedFunc<(u32,), ()>,
    changed: TypedFunc<(), (bool,)>,
    locate: TypedFunc<(), (WasmList<u8>,)>,
    /// Of the store's stack.
    deep_stack: Option<DeepStack>,
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
            resting_length: memory.len(),
            memory,
            locate,
            deep_stack: DeepStack::of(store, store.data().memory.stack),
            grow: linked.get_typed_func(&mut *store, exports.grow)?,
            resize: linked.get_typed_func(&mut *store, exports.resize)?,
            changed: linked.get_typed_func(&mut *store, exports.changed)?,
            at_rest,
        })
    }

    /// Gives back to the system what runs needed of the stack, if they recursed deep.
    pub(super) fn give_back_stack(&self, store: &mut Store<StoreState>) {
        if let Some(stack) = &self.deep_stack {
            stack.give_back(store);
        }
    }

    pub(super) fn list(&self) -> &WasmList<u8> {
        &self.memory
    }

    pub(super) fn memory<'a>(&self, store: &'a mut Store<StoreState>) -> &'a mut [u8] {
        memory::bytes_mut(&self.memory, store)
    }

    /// Bytes of all memory at rest.
    pub(super) fn length(&self) -> usize {
        self.resting_length
    }

    /// Whether nothing but the content of the memory differs from the state at rest. The guest sees
    /// as much memory again as it did then.
    pub(super) async fn check(&self, store: &mut Store<StoreState>) -> Result<(), DiscardReason> {
        self.check_handles(store)?;
        let shown = self.show(store, self.at_rest.memory).await;
        shown.map_err(|_| DiscardReason::Ended)?;
        match self.changed.call_async(store, ()).await {
            Ok((false,)) => Ok(()),
            Ok((true,)) => Err(DiscardReason::Global),
            Err(_) => Err(DiscardReason::Ended),
        }
    }

    /// Whether the length of all memory and the handles are those at rest.
    pub(super) fn check_handles(&self, store: &mut Store<StoreState>) -> Result<(), DiscardReason> {
        let now = RestingState::of(store);
        if now.memory > self.resting_length || self.memory.len() != self.resting_length {
            return Err(DiscardReason::Grew);
        }
        let expected = RestingState {
            memory: now.memory,
            ..self.at_rest
        };
        match now == expected && store.data_mut().holds_only_streams() {
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

    /// All memory as it is now, which may be longer than at rest.
    pub(super) async fn present_memory<'a>(
        &mut self,
        store: &'a mut Store<StoreState>,
    ) -> wasmtime::Result<&'a mut [u8]> {
        if store.data().memory.used > self.memory.len() {
            self.locate(store).await?;
        }
        Ok(self.memory(store))
    }

    async fn locate(&mut self, store: &mut Store<StoreState>) -> wasmtime::Result<()> {
        (self.memory,) = self.locate.call_async(&mut *store, ()).await?;
        memory::keep_pages_plain(self.memory(store));
        let is_all = store.data().memory.used <= self.memory.len();
        wasmtime::ensure!(is_all, "part of its memory is not accessible");
        Ok(())
    }

    /// Takes the present length of the memory for the one at rest, and says whether there is more
    /// of it than there was.
    pub(super) async fn accept_growth(
        &mut self,
        store: &mut Store<StoreState>,
    ) -> wasmtime::Result<bool> {
        self.present_memory(store).await?;
        let grew = self.memory.len() != self.resting_length;
        // Not before: until then it counts as grown, and is discarded.
        self.resting_length = self.memory.len();
        self.at_rest.memory = store.data().memory.used;
        Ok(grew)
    }

    /// Has the guest see `length` bytes of its memory, in which there are zeros beyond what it saw.
    pub(super) async fn show(
        &self,
        store: &mut Store<StoreState>,
        length: usize,
    ) -> wasmtime::Result<()> {
        if store.data().memory.used != length {
            let pages = u32::try_from(length / WASM_PAGE)?;
            self.resize.call_async(&mut *store, (pages,)).await?;
            store.data_mut().memory.used = length;
        }
        Ok(())
    }

    /// The same, and takes that for the length at rest. The memory grows if it has to: whether it
    /// did.
    pub(super) async fn rest_with(
        &mut self,
        store: &mut Store<StoreState>,
        length: usize,
    ) -> wasmtime::Result<bool> {
        let grows = length > self.memory.len();
        if grows {
            self.grow_to(store, length).await?;
            self.resting_length = self.memory.len();
        }
        self.show(store, length).await?;
        self.at_rest.memory = length;
        Ok(grows)
    }

    /// Makes the memory longer, up to `length` bytes, without showing the guest more of it. Whether
    /// it is still where it was: only then is it mapped from the component's code as before.
    pub(super) async fn reserve(
        &mut self,
        store: &mut Store<StoreState>,
        length: usize,
    ) -> wasmtime::Result<bool> {
        if length / WASM_PAGE <= self.memory.len() / WASM_PAGE {
            return Ok(true);
        }
        let before = self.memory(store).as_ptr().addr();
        self.grow_to(store, length).await?;
        self.resting_length = self.memory.len();
        Ok(self.memory(store).as_ptr().addr() == before)
    }

    /// Makes the memory `length` bytes long, or as long as the component lets it be. The caller has
    /// checked the limit.
    pub(super) async fn grow_to(
        &mut self,
        store: &mut Store<StoreState>,
        length: usize,
    ) -> wasmtime::Result<()> {
        let pages = u32::try_from(length.saturating_sub(self.memory.len()) / WASM_PAGE)?;
        let limiter = &mut store.data_mut().memory;
        let used = limiter.used;
        limiter.allowed = usize::MAX;
        let grown = self.grow.call_async(&mut *store, (pages,)).await;
        store.data_mut().memory.used = used;
        let (grown,) = grown?;
        wasmtime::ensure!(grown, "the memory can't grow to {length} bytes");
        self.locate(store).await
    }
}

/// The unit in which memories grow.
const WASM_PAGE: usize = 64 << 10;
