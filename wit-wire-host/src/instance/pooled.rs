//! An instance between calls, and what is in it.

use std::ops::Range;
use std::sync::Arc;

use super::Instance;
use super::discard::{DiscardReason, Refusal, refusal};
use super::origin::{Blank, Origin};
use super::probe::StateProbe;
use crate::error::{CallError, Phase};
use crate::memory::{self, Difference, DirtySet, Image, ImageBounds, ImageError, ImageKey, PAGE};
use crate::metering::{Interrupt, Limit, LimitExceeded, Meter};

/// An instance that serves one call after another, and the state that it is taken back to.
pub(crate) struct PooledInstance {
    pub(crate) instance: Instance,
    /// How it is taken back, or why it is used once.
    probe: Result<(StateProbe, Arc<Blank>), Refusal>,
    /// The program whose state it has; pristine without one.
    image: Option<Arc<Image>>,
    /// The pages that are dirty; to be scanned again if the instance has new ones.
    dirty: DirtySet,
    /// Calls so far.
    calls: u32,
    /// Whether it was found to have another state than the one that it was taken back to.
    is_unclean: bool,
}

/// Which state an instance holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Pristine,
    Image(ImageKey),
    /// That of a pristine instance whose memory is longer than others'.
    Grown,
}

/// After so many calls an instance is not used again. Nothing is known to wear out; this bounds
/// what is not known.
const MOST_CALLS: u32 = 100_000;

/// Bytes that are compared in about half a millisecond. What small calls make dirty is less: to
/// yield is to wait for all other tasks.
const STRETCH: usize = 4 << 20;

/// If more pages than this are dirty, they are decommitted, those that grew first, so that one
/// large call does not make all later ones slow. Writing to 215 takes 25 µs.
const MANY_PAGES: usize = 2048;

impl PooledInstance {
    /// A pristine one.
    pub(crate) async fn new(origin: &Arc<Origin>, meter: &Meter) -> Result<Self, CallError> {
        let exports = origin.state_exports()?;
        let _blank = match exports {
            Ok(_) => origin.begin_blank(),
            Err(_) => None,
        };
        let mut instance = Instance::new(&origin.template, exports.is_ok(), meter).await?;
        let probe = match exports {
            Ok(exports) => match StateProbe::settle(&mut instance, exports, meter).await? {
                Ok(probe) => {
                    let blank = meter.drive(origin.blank()).await;
                    let stopped = |interrupt: Interrupt| {
                        CallError::interrupted(interrupt, Phase::Instantiate, None)
                    };
                    let blank = blank.map_err(stopped)??;
                    match blank {
                        Ok(blank) => make_pristine(probe, &mut instance, blank).await,
                        Err(why) => Err(why),
                    }
                }
                Err(why) => {
                    // What ended it then need not end it when it is asked for its ops.
                    if !instance.is_alive() {
                        instance = Instance::new(&origin.template, false, meter).await?;
                    }
                    Err(why)
                }
            },
            Err(why) => Err(why),
        };
        Ok(Self {
            instance,
            probe,
            image: None,
            dirty: DirtySet::default(),
            calls: 0,
            is_unclean: false,
        })
    }

    /// Which state it holds.
    pub(crate) fn holds(&self) -> Held {
        match &self.image {
            Some(image) => Held::Image(image.key()),
            None if self.has(None) => Held::Pristine,
            None => Held::Grown,
        }
    }

    /// Whether it has the state of `image`, or that of a pristine instance.
    pub(crate) fn has(&self, image: Option<&Arc<Image>>) -> bool {
        match (&self.image, image) {
            (None, None) => match &self.probe {
                Ok((probe, blank)) => probe.length() == blank.reserved,
                Err(_) => true,
            },
            (Some(has), Some(wanted)) => Arc::ptr_eq(has, wanted),
            _ => false,
        }
    }

    /// Whether the state of `image`, or that of a pristine instance, can be loaded into it.
    pub(crate) fn fits(&self, image: Option<&Arc<Image>>) -> bool {
        let Ok((probe, blank)) = &self.probe else {
            return self.has(image);
        };
        if self.image.as_ref().is_some_and(|held| held.is_mapped()) {
            return self.has(image);
        }
        // All instances that can hold a state are as long, so that no guest learns from the end of
        // its memory what was there before.
        let wanted = image.map_or(0, |image| image.length()).max(blank.reserved);
        probe.length() == wanted || probe.length() == blank.reserved
    }

    /// Bytes of memory that its guest sees with the state of `image`, or with that of a pristine
    /// instance.
    pub(crate) fn length_with(&self, image: Option<&Arc<Image>>) -> usize {
        match (&self.probe, image) {
            (_, Some(image)) => image.length(),
            (Ok((_, blank)), None) => blank.at_rest.memory,
            (Err(_), None) => self.instance.memory(),
        }
    }

    /// Loads the state of `image`, or that of a pristine instance. It must fit.
    pub(crate) async fn load(
        &mut self,
        image: Option<&Arc<Image>>,
        meter: &Meter,
    ) -> Result<(), CallError> {
        let Ok((probe, blank)) = &mut self.probe else {
            return Err(CallError::InstanceEnded);
        };
        self.instance.set_initialised(image.is_some());
        let (store, has_new_pages) = self.instance.resting_tracked();
        if let Some(held) = self.image.take() {
            let memory = probe.memory(store);
            memory::track_dirty(has_new_pages, || held.unload(blank.bytes(), memory));
        }
        let length = image.map_or(blank.at_rest.memory, |image| image.length());
        match probe.rest_with(store, length).await {
            Ok(grew) => *has_new_pages |= grew,
            Err(error) => {
                let limits = meter.limits();
                let phase = Phase::Instantiate;
                return Err(CallError::from_run(error, phase, None, None, limits));
            }
        }
        let Some(image) = image else {
            return Ok(());
        };
        let memory = probe.memory(store);
        let mut loaded = Ok(());
        memory::track_dirty(has_new_pages, || loaded = image.load(memory));
        match loaded {
            Ok(()) => {
                *has_new_pages |= image.is_mapped();
                self.image = Some(image.clone());
                Ok(())
            }
            Err(error) => {
                // Its memory is in an unknown state, which no call may see.
                self.probe = Err(refusal(&error));
                Err(CallError::failed(error, Phase::Instantiate))
            }
        }
    }

    /// The state that `init` left in a pristine instance, if its memory is all that `init` changed.
    /// The instance holds that state from now on, or is of no further use. Yields while it compares
    /// memories. The outer error is one of this run, the inner one the component's own.
    pub(crate) async fn snapshot_state(
        &mut self,
        bounds: ImageBounds,
    ) -> Result<Result<Arc<Image>, Refusal>, CallError> {
        let (probe, blank) = match &mut self.probe {
            Ok(probe) => probe,
            Err(why) => return Ok(Err(why.clone())),
        };
        let (store, has_new_pages) = self.instance.resting_tracked();
        match probe.accept_growth(store).await {
            Ok(grew) => *has_new_pages |= grew,
            Err(error) => return Ok(Err(refusal(error))),
        }
        if let Err(reason) = probe.check(store).await {
            return Ok(Err(refusal(reason)));
        }
        let memory = probe.memory(store);
        let failed = |error| CallError::failed(error, Phase::Init);
        self.dirty.find(has_new_pages, memory).map_err(failed)?;
        let length = probe.at_rest.memory;
        let [state, beyond] = self.dirty.split(length);
        let mut difference = Difference::new(None, bounds);
        let compared = in_stretches(&state, |range| {
            difference.compare(blank.bytes(), memory, range)
        });
        let compared = compared.await;
        compared.map_err(|error| image_error(error, bounds, Phase::Init))?;
        memory::restore(blank.bytes(), None, memory, &beyond);
        let image = Image::new(blank.bytes(), difference, length, &blank.pages);
        let image = Arc::new(image);
        if image.is_mapped() {
            // Its own pages are replaced by ones that all instances with this state share.
            let (store, has_new_pages) = self.instance.resting_tracked();
            *has_new_pages = true;
            if let Err(error) = image.load(probe.memory(store)) {
                // A part of its memory may be gone.
                self.probe = Err(refusal(error));
                return Ok(Ok(image));
            }
        }
        self.image = Some(image.clone());
        Ok(Ok(image))
    }

    /// The state that it has now, as a difference to that of its program, which is how a run goes
    /// on in another instance; and whether the instance was taken back to its program's state
    /// already. If not, it stays as it is. Yields while it compares memories. The outer error is
    /// one of this run, the inner one says that memory is not all of the state.
    pub(crate) async fn take_state(
        &mut self,
        bounds: ImageBounds,
        verify: bool,
    ) -> Result<Result<(Arc<Image>, bool), DiscardReason>, CallError> {
        let (Ok((probe, blank)), Some(base)) = (&mut self.probe, &self.image) else {
            return Ok(Err(DiscardReason::SingleUse));
        };
        if !self.instance.is_alive() {
            return Ok(Err(DiscardReason::Ended));
        }
        let (store, has_new_pages) = self.instance.resting_tracked();
        if let Err(reason) = probe.check_copyable(store).await {
            return Ok(Err(reason));
        }
        let is_at_rest = probe.check_handles(store).is_ok();
        if *has_new_pages {
            probe.give_back_stack(store);
        }
        let length = store.data().memory.used;
        *has_new_pages |= length > probe.length();
        let Ok(memory) = probe.present_memory(store).await else {
            return Ok(Err(DiscardReason::System));
        };
        if self.dirty.find(has_new_pages, memory).is_err() {
            return Ok(Err(DiscardReason::System));
        }
        let pages = self.dirty.pages();
        let is_reset = is_at_rest
            && self.calls + 1 < MOST_CALLS
            && pages <= MANY_PAGES
            && Difference::most_bytes(pages) <= bounds.bytes;
        let [state, beyond] = self.dirty.split(length);
        let mut difference = Difference::new(Some(base.clone()), bounds);
        let compared = in_stretches(&state, |range| match is_reset {
            // While it is compared it is in the processor's caches.
            true => difference.take(blank.bytes(), memory, range),
            false => difference.compare(blank.bytes(), memory, range),
        });
        let compared = compared.await;
        compared.map_err(|error| image_error(error, bounds, Phase::Handle))?;
        if is_reset {
            memory::restore(blank.bytes(), None, memory, &beyond);
        }
        let is_clean = is_reset && (!verify || memory::is_state(blank.bytes(), Some(base), memory));
        self.calls += u32::from(is_clean);
        if is_clean && self.dirty.is_learning() {
            let starts = self.dirty.ranges().iter().cloned();
            let starts = starts.flat_map(|range| range.step_by(PAGE));
            let differed: Vec<_> = starts.map(|start| difference.has(start)).collect();
            self.dirty.end_pass(differed, has_new_pages, memory);
        }
        self.is_unclean = is_reset && !is_clean;
        let image = Image::new(blank.bytes(), difference, length, &blank.pages);
        if is_clean {
            self.is_unclean = probe.show(store, base.length()).await.is_err();
        }
        Ok(Ok((Arc::new(image), is_clean && !self.is_unclean)))
    }

    /// Gives an instance that has its program's state the state of `image`, which is a difference
    /// to that. It still belongs to the program, whose state it is taken back to.
    pub(crate) async fn overlay(&mut self, image: &Image, meter: &Meter) -> Result<(), CallError> {
        let Ok((probe, _)) = &mut self.probe else {
            return Err(CallError::InstanceEnded);
        };
        let limits = meter.limits();
        LimitExceeded::check(Limit::Memory, limits.memory, image.length())
            .map_err(|exceeded| CallError::limit(exceeded, Phase::Instantiate, None))?;
        let (store, has_new_pages) = self.instance.resting_tracked();
        let memory = async {
            if image.length() > probe.length() {
                *has_new_pages = true;
                probe.grow_to(store, image.length()).await?;
            }
            probe.show(store, image.length()).await?;
            probe.present_memory(store).await
        };
        let memory = memory
            .await
            .map_err(|error| CallError::from_run(error, Phase::Instantiate, None, None, limits))?;
        memory::track_dirty(has_new_pages, || image.write_lines(memory));
        Ok(())
    }

    /// Why no call can have it after the one that ended, as far as that can be seen at once.
    pub(crate) fn outlook(&mut self) -> Option<DiscardReason> {
        if !self.instance.is_alive() {
            return Some(DiscardReason::Ended);
        }
        let Ok((probe, _)) = &self.probe else {
            return Some(DiscardReason::SingleUse);
        };
        if self.calls + 1 >= MOST_CALLS {
            return Some(DiscardReason::Calls);
        }
        probe.check_handles(self.instance.resting()).err()
    }

    /// Takes it back to the state it had before a call. `verify` compares all of its memory
    /// afterwards.
    pub(crate) async fn reset(&mut self, verify: bool) -> Result<(), DiscardReason> {
        self.calls += 1;
        if !self.instance.is_alive() {
            return Err(DiscardReason::Ended);
        }
        let Ok((probe, blank)) = &mut self.probe else {
            return Err(DiscardReason::SingleUse);
        };
        if self.calls >= MOST_CALLS {
            return Err(DiscardReason::Calls);
        }
        if self.is_unclean {
            return Err(DiscardReason::Unclean);
        }
        let (store, has_new_pages) = self.instance.resting_tracked();
        let length = match &self.image {
            Some(image) => image.length(),
            None => blank.at_rest.memory,
        };
        // An `init` whose state was not kept may have shown its guest more.
        probe.at_rest.memory = length;
        probe.check(store).await?;
        if *has_new_pages {
            probe.give_back_stack(store);
        }
        let memory = probe.memory(store);
        let system = |_| DiscardReason::System;
        self.dirty.find(has_new_pages, memory).map_err(system)?;
        if self.dirty.pages() > MANY_PAGES {
            self.dirty.trim(length, memory).map_err(system)?;
        }
        if self.dirty.pages() > MANY_PAGES {
            memory::decommit(memory, self.dirty.ranges()).map_err(system)?;
            *has_new_pages = true;
            self.dirty.set(blank.dirty.clone());
        }
        let (image, ranges) = (self.image.as_deref(), self.dirty.ranges());
        if self.dirty.is_learning() && !*has_new_pages {
            let restored = memory::restore_compared(blank.bytes(), image, memory, ranges);
            self.dirty.end_pass(restored, has_new_pages, memory);
        } else {
            memory::track_dirty(has_new_pages, || {
                memory::restore(blank.bytes(), image, memory, ranges);
            });
        }
        if verify && !memory::is_state(blank.bytes(), image, memory) {
            return Err(DiscardReason::Unclean);
        }
        self.instance.set_initialised(self.image.is_some());
        Ok(())
    }
}

/// Parts of a range that are no longer than [`STRETCH`].
fn stretches(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .step_by(STRETCH)
        .map(move |start| start..end.min(start + STRETCH))
}

/// Does something with all dirty pages, and yields in between.
async fn in_stretches(
    dirty: &[Range<usize>],
    mut act: impl FnMut(Range<usize>) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let mut done = 0;
    for range in dirty.iter().flat_map(|range| stretches(range.clone())) {
        done += range.len();
        if done > STRETCH {
            done = range.len();
            tokio::task::yield_now().await;
        }
        act(range)?;
    }
    Ok(())
}

/// The limit on state was reached. (What is compared, and not read, is never invalid.)
fn image_error(error: ImageError, bounds: ImageBounds, phase: Phase) -> CallError {
    let bytes = match error {
        ImageError::TooLarge(bytes) => bytes,
        ImageError::Invalid => bounds.bytes,
    };
    let exceeded = LimitExceeded::size(Limit::State, bounds.bytes, bytes);
    CallError::limit(exceeded, phase, None)
}

/// Makes a new instance one like `blank`, which instances of most components are at this point.
async fn make_pristine(
    mut probe: StateProbe,
    instance: &mut Instance,
    blank: Arc<Blank>,
) -> Result<(StateProbe, Arc<Blank>), Refusal> {
    if probe.at_rest.memory != blank.at_rest.memory {
        return Err(refusal(
            "its instances start with memories of different sizes",
        ));
    }
    if probe.at_rest != blank.at_rest {
        return Err(refusal("its instances start with different handles"));
    }
    let reserved = probe.reserve(instance.resting(), blank.reserved).await;
    if !reserved.map_err(refusal)? || probe.length() != blank.reserved {
        return Err(refusal("its memory can't be as long as others'"));
    }
    let memory = probe.memory(instance.resting());
    let dirty = memory::dirty_pages(memory).map_err(refusal)?;
    memory::restore(blank.bytes(), None, memory, &dirty);
    memory::restore(blank.bytes(), None, memory, &blank.dirty);
    memory::decommit_unchanged(memory, &dirty);
    Ok((probe, blank))
}
