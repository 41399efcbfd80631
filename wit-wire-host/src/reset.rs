//! Taking an instance back to a state it had: what of its state lies outside its memory, and blank instances.
//!
//! The state of an instance is its memory, its mutable globals, and the handles it has to things of the host. Memory is
//! restored; where anything else is not as it was at rest, the instance is not used again.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, TypedFunc, WasmList};

use crate::component::Component;
use crate::error::{Error, Phase};
use crate::image::{self, Image, Pages};
use crate::instance::Instance;
use crate::memory::{self, PAGE};
use crate::run::{Run, Stop};
use crate::state::State;

/// What a component that was prepared for it exports (`wit/instance-state.wit`).
const INTERFACE: &str = "wit-wire:instance/state";

/// The op that has a guest open what later calls would open once. No guest has a handler for it.
const SETTLE: &str = "wit-wire:settle";

/// Where a component has the interface's functions.
#[derive(Clone, Copy)]
pub(crate) struct Exports {
    memory: ComponentExportIndex,
    grow: ComponentExportIndex,
    mark: ComponentExportIndex,
    changed: ComponentExportIndex,
}

impl Exports {
    pub(crate) fn of(component: &wasmtime::component::Component) -> Option<Self> {
        let interface = component.get_export_index(None, INTERFACE)?;
        let function = |name| component.get_export_index(Some(&interface), name);
        Some(Self {
            memory: function("memory")?,
            grow: function("grow")?,
            mark: function("mark")?,
            changed: function("changed")?,
        })
    }
}

/// How the host reaches the state of one instance, and what that was at rest.
pub(crate) struct Access {
    memory: WasmList<u8>,
    grow: TypedFunc<(u32,), (bool,)>,
    changed: TypedFunc<(), (bool,)>,
    locate: TypedFunc<(), (WasmList<u8>,)>,
    at_rest: Baseline,
}

/// What must be as it was.
#[derive(PartialEq, Eq, Clone, Copy)]
struct Baseline {
    memory: usize,
    /// The handle that the host would give out next, if no call had more than one open beyond those at rest: handles that
    /// were closed are given out again, last one first.
    next_handle: Option<u32>,
    /// How often each output stream was opened and closed: two may have changed places.
    streams: (u64, u64),
}

impl Baseline {
    fn of(store: &mut Store<State>) -> Self {
        let state = store.data_mut();
        Self {
            memory: state.memory.used,
            next_handle: state.next_handle(),
            streams: state.output.handles(),
        }
    }
}

/// Why an instance is not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiscardReason {
    /// A run ended it: a trap, an exit, a limit, a cancelled call.
    Ended,
    /// Its memory grew, and can't shrink.
    Grew,
    /// A mutable global has another value than at rest.
    Global,
    /// It opened or closed handles: streams, pollables and the like.
    Handles,
    /// It has done its share of calls.
    Calls,
    /// Its component's instances are used once, or the system failed.
    Used,
    /// Its memory is not what it should be after a reset.
    Unclean,
}

impl fmt::Display for DiscardReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "a run ended the instance",
            Self::Grew => "its memory grew",
            Self::Global => "a global changed",
            Self::Handles => "it opened or closed handles",
            Self::Calls => "it has done its share of calls",
            Self::Used => "its component's instances are used once",
            Self::Unclean => "its memory is not clean after a reset",
        })
    }
}

/// Why a component's instances are used once, in words.
pub(crate) type Refusal = Arc<str>;

fn refusal(error: impl fmt::Display) -> Refusal {
    error.to_string().into()
}

impl Access {
    /// Brings a new instance to rest: it has opened what it needs, and everything later is compared with now.
    ///
    /// The outer error is one of this run, the inner one the component's own.
    async fn settle(
        instance: &mut Instance,
        exports: &Exports,
        run: &Run,
    ) -> Result<Result<Self, Refusal>, Error> {
        match instance.handle(run, &SETTLE.into(), "null").await {
            Err(Error::NoHandler { .. }) => {}
            Err(error @ (Error::Limit { .. } | Error::NoRuntime)) => return Err(error),
            Err(error) => return Ok(Err(refusal(error))),
            Ok(_) => {
                let why = format_args!("the guest has a handler for `{SETTLE}`");
                return Ok(Err(refusal(why)));
            }
        }
        let linked = instance.linked;
        let store = instance.resting();
        store.data().is_at_rest.store(true, Relaxed);
        let access = match Self::reach(linked, store, exports).await {
            Ok(access) => access,
            Err(error) => return Ok(Err(refusal(error))),
        };
        let memory = access.memory(store);
        memory::in_small_pages(memory);
        if memory.len() != access.at_rest.memory {
            return Ok(Err(refusal("a part of its memory is not to be seen")));
        }
        Ok(Ok(access))
    }

    async fn reach(
        linked: wasmtime::component::Instance,
        store: &mut Store<State>,
        exports: &Exports,
    ) -> wasmtime::Result<Self> {
        let mark = linked.get_typed_func::<(), ()>(&mut *store, exports.mark)?;
        mark.call_async(&mut *store, ()).await?;
        let locate: TypedFunc<(), (WasmList<u8>,)> =
            linked.get_typed_func(&mut *store, exports.memory)?;
        let (memory,) = locate.call_async(&mut *store, ()).await?;
        store.data_mut().spare_handle();
        let at_rest = Baseline::of(store);
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

    /// Makes a new instance one like `blank`, which instances of most components are at this point.
    fn alike(
        self,
        instance: &mut Instance,
        blank: Arc<Blank>,
    ) -> Result<(Self, Arc<Blank>), Refusal> {
        let memory = self.memory(instance.resting());
        if memory.len() != blank.bytes().len() {
            return Err(refusal(
                "its instances begin with memories of different length",
            ));
        }
        if self.at_rest != blank.at_rest {
            return Err(refusal("its instances begin with different handles"));
        }
        let written = memory::written(memory).map_err(refusal)?;
        image::restore(blank.bytes(), None, memory, &written);
        image::restore(blank.bytes(), None, memory, &blank.written);
        memory::forget_unchanged(memory, &written);
        Ok((self, blank))
    }

    fn memory<'a>(&self, store: &'a mut Store<State>) -> &'a mut [u8] {
        memory::bytes_mut(&self.memory, store)
    }

    /// Whether only the content of the memory is not what it was at rest.
    async fn check(&self, store: &mut Store<State>) -> Result<(), DiscardReason> {
        let now = Baseline::of(store);
        if now.memory != self.at_rest.memory {
            return Err(DiscardReason::Grew);
        }
        if now != self.at_rest {
            return Err(DiscardReason::Handles);
        }
        match self.changed.call_async(store, ()).await {
            Ok((false,)) => Ok(()),
            Ok((true,)) => Err(DiscardReason::Global),
            Err(_) => Err(DiscardReason::Ended),
        }
    }

    /// Takes the length that the memory has now for the one at rest. Says whether it is another.
    async fn accept_growth(&mut self, store: &mut Store<State>) -> wasmtime::Result<bool> {
        let used = store.data().memory.used;
        let grew = used != self.at_rest.memory;
        if grew {
            (self.memory,) = self.locate.call_async(&mut *store, ()).await?;
            let memory = self.memory(store);
            wasmtime::ensure!(
                memory.len() == used,
                "a part of its memory is not to be seen"
            );
            memory::in_small_pages(memory);
            // Not before: until then it counts as grown, and is not used again.
            self.at_rest.memory = used;
        }
        Ok(grew)
    }

    async fn grow_to(&mut self, store: &mut Store<State>, length: usize) -> wasmtime::Result<()> {
        let more = length.saturating_sub(self.at_rest.memory) / (64 << 10);
        let pages = u32::try_from(more)?;
        let (grown,) = self.grow.call_async(&mut *store, (pages,)).await?;
        wasmtime::ensure!(grown, "the memory can't grow to {length} bytes");
        self.accept_growth(store).await.map(drop)
    }
}

/// The state that all instances of a component begin with, as an instance that never runs a call.
pub(crate) struct Blank {
    bytes: memory::Resting,
    at_rest: Baseline,
    /// Where it is not what the component's code brings.
    written: Vec<Range<usize>>,
    /// What the programs of the component have in memory.
    pages: Pages,
}

impl Blank {
    /// The outer error is one of this run, the inner one the component's own.
    pub(crate) async fn new(
        component: &Component,
        run: &Run,
    ) -> Result<Result<Self, Refusal>, Error> {
        let exports = match component.reset_exports()? {
            Ok(exports) => exports,
            Err(why) => return Ok(Err(why)),
        };
        let mut instance = Instance::new(component, true, run).await?;
        let access = match Access::settle(&mut instance, exports, run).await? {
            Ok(access) => access,
            Err(why) => return Ok(Err(why)),
        };
        let memory = access.memory(instance.resting());
        let written = memory::written(memory).and_then(|written| {
            memory::forget_unchanged(memory, &written);
            memory::written(memory)
        });
        let written = match written {
            Ok(written) => written,
            Err(error) => return Ok(Err(refusal(error))),
        };
        Ok(Ok(Self {
            at_rest: access.at_rest,
            bytes: memory::Resting::new(instance, &access.memory),
            written,
            pages: Pages::default(),
        }))
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    /// A digest of the state, less what the component's code determines.
    pub(crate) fn digest(&self) -> String {
        let mut digest = blake3::Hasher::new();
        digest.update(&(self.bytes().len() as u64).to_le_bytes());
        for range in &self.written {
            digest.update(&(range.start as u64).to_le_bytes());
            digest.update(&(range.end as u64).to_le_bytes());
            digest.update(self.bytes().get(range.clone()).unwrap_or_default());
        }
        digest.finalize().to_hex().to_string()
    }

    /// The image of memory of `length` bytes with `pages`, which come from elsewhere; `None` if they do not fit.
    pub(crate) fn image(&self, length: usize, pages: &[u8]) -> Option<Image> {
        Image::read(self.bytes(), length, pages, &self.pages)
    }
}

/// An instance between calls, and what is in it.
pub(crate) struct Worker {
    pub(crate) instance: Instance,
    /// How it is taken back, or why it is used once.
    access: Result<(Access, Arc<Blank>), Refusal>,
    /// The program whose state it has; blank without one.
    holds: Option<Arc<Image>>,
    /// The pages written since it was built; to be found out anew if the instance has new ones.
    written: Vec<Range<usize>>,
    /// Calls so far.
    calls: u32,
    /// The stock's, which counts by it.
    _existing: Arc<()>,
}

/// After so many calls an instance is not used again. Nothing is known to wear out; this bounds what is not known.
const SHARE_OF_CALLS: u32 = 100_000;

/// When more pages than this were written, they are given back to the system, so that one large call does not make all later
/// ones slow. To write to 215 takes 25 µs.
const MANY_PAGES: usize = 2048;

impl Worker {
    /// A blank one.
    pub(crate) async fn new(component: &Component, run: &Run) -> Result<Self, Error> {
        let _existing = component.stock.workers.clone();
        let exports = component.reset_exports()?;
        if exports.is_ok() {
            component.begin_blank();
        }
        let mut instance = Instance::new(component, exports.is_ok(), run).await?;
        let access = match exports {
            Ok(exports) => match Access::settle(&mut instance, exports, run).await? {
                Ok(access) => {
                    let blank = run.drive(component.blank()).await;
                    let stopped = |stop: Stop| stop.into_error(Phase::Instantiate, None);
                    let blank = blank.map_err(stopped)??;
                    blank.and_then(|blank| access.alike(&mut instance, blank))
                }
                Err(why) => {
                    // What ended it then need not end it when it is asked for its ops.
                    if !instance.is_alive() {
                        instance = Instance::new(component, false, run).await?;
                    }
                    Err(why)
                }
            },
            Err(why) => Err(why),
        };
        Ok(Self {
            instance,
            access,
            holds: None,
            written: Vec::new(),
            calls: 0,
            _existing,
        })
    }

    /// Whether it has the state of `image`, or that of a blank instance.
    pub(crate) fn has(&self, image: Option<&Arc<Image>>) -> bool {
        match (&self.holds, image) {
            (None, None) => match &self.access {
                Ok((access, blank)) => access.at_rest.memory == blank.bytes().len(),
                Err(_) => true,
            },
            (Some(has), Some(wanted)) => Arc::ptr_eq(has, wanted),
            _ => false,
        }
    }

    /// Whether it can be given the state of `image`, or that of a blank instance.
    pub(crate) fn fits(&self, image: Option<&Arc<Image>>) -> bool {
        let Ok((access, blank)) = &self.access else {
            return self.has(image);
        };
        if self.holds.as_ref().is_some_and(|held| held.is_mapped()) {
            return self.has(image);
        }
        let blank = blank.bytes().len();
        let wanted = image.map_or(blank, |image| image.length());
        access.at_rest.memory == wanted || access.at_rest.memory == blank
    }

    /// Gives it the state of `image`, or that of a blank instance. It must fit.
    pub(crate) async fn load(
        &mut self,
        image: Option<&Arc<Image>>,
        run: &Run,
    ) -> Result<(), Error> {
        let Ok((access, blank)) = &mut self.access else {
            return Err(Error::InstanceEnded);
        };
        self.instance.set_initialised(image.is_some());
        let (store, has_new_pages) = self.instance.resting_watched();
        if let Some(held) = self.holds.take() {
            let memory = access.memory(store);
            memory::watch_writing(has_new_pages, || held.undo(blank.bytes(), memory));
        }
        let Some(image) = image else {
            return Ok(());
        };
        if image.length() != access.at_rest.memory {
            *has_new_pages = true;
            store.data_mut().memory.allowed = run.limits().memory;
            let grown = access.grow_to(store, image.length()).await;
            grown.map_err(|error| Error::from_run(error, Phase::Instantiate, None, None))?;
        }
        let memory = access.memory(store);
        let mut applied = Ok(());
        memory::watch_writing(has_new_pages, || applied = image.apply(memory));
        match applied {
            Ok(()) => {
                *has_new_pages |= image.is_mapped();
                self.holds = Some(image.clone());
                Ok(())
            }
            Err(error) => {
                // Whatever is in it now, nobody is to see.
                self.access = Err(refusal(&error));
                Err(Error::Failed {
                    op: None,
                    phase: Phase::Instantiate,
                    source: Box::new(error),
                })
            }
        }
    }

    /// What `init` did to a blank instance, if its memory is all it changed. The instance holds that state from now on, or is
    /// of no further use.
    pub(crate) async fn capture(&mut self) -> Result<Arc<Image>, Refusal> {
        let (access, blank) = self.access.as_mut().map_err(|why| why.clone())?;
        let (store, has_new_pages) = self.instance.resting_watched();
        if access.accept_growth(store).await.map_err(refusal)? {
            *has_new_pages = true;
        }
        access.check(store).await.map_err(refusal)?;
        let memory = access.memory(store);
        if *has_new_pages {
            self.written = memory::written(memory).map_err(refusal)?;
            *has_new_pages = false;
        }
        let image = Image::between(blank.bytes(), memory, &self.written, &blank.pages);
        let image = Arc::new(image);
        if image.is_mapped() {
            // Its own pages are given back, for ones that all instances with this state have together.
            let (store, has_new_pages) = self.instance.resting_watched();
            *has_new_pages = true;
            if let Err(error) = image.apply(access.memory(store)) {
                // A part of its memory may be gone.
                self.access = Err(refusal(error));
                return Ok(image);
            }
        }
        self.holds = Some(image.clone());
        Ok(image)
    }

    /// Takes it back to the state it had before a call. To `verify` is to look at all of its memory afterwards.
    pub(crate) async fn reset(&mut self, verify: bool) -> Result<(), DiscardReason> {
        self.calls += 1;
        if !self.instance.is_alive() {
            return Err(DiscardReason::Ended);
        }
        let Ok((access, blank)) = &self.access else {
            return Err(DiscardReason::Used);
        };
        if self.calls >= SHARE_OF_CALLS {
            return Err(DiscardReason::Calls);
        }
        let (store, has_new_pages) = self.instance.resting_watched();
        access.check(store).await?;
        let memory = access.memory(store);
        if *has_new_pages {
            self.written = memory::written(memory).map_err(|_| DiscardReason::Used)?;
            *has_new_pages = false;
        }
        let image = self.holds.as_deref();
        let pages = self
            .written
            .iter()
            .map(ExactSizeIterator::len)
            .sum::<usize>()
            / PAGE;
        if pages > MANY_PAGES {
            memory::forget(memory, &self.written).map_err(|_| DiscardReason::Used)?;
            *has_new_pages = true;
            self.written.clone_from(&blank.written);
        }
        memory::watch_writing(has_new_pages, || {
            image::restore(blank.bytes(), image, memory, &self.written);
        });
        if verify && !image::is_state(blank.bytes(), self.holds.as_deref(), memory) {
            return Err(DiscardReason::Unclean);
        }
        self.instance.set_initialised(self.holds.is_some());
        Ok(())
    }
}
