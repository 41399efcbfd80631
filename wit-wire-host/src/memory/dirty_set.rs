//! The dirty pages of an instance, reduced to those that its calls change.
//!
//! What starts an instance, and what loads a program, dirties pages that most calls never write
//! again. A reset copies all dirty pages, so those are made clean again: the resets after a scan
//! compare instead of copying, and then the pages in which no call has changed anything are given
//! back to the system. One that is dirty again at the next scan is written by calls, which leave
//! what was there, and stays.

use std::ops::Range;

use super::{PAGE, decommit_unchanged, dirty_pages};

/// The dirty pages of one memory, as of the latest scan.
pub(crate) struct DirtySet {
    ranges: Vec<Range<usize>>,
    /// Whether each of the pages has differed in a pass since the scan.
    changed: Vec<bool>,
    /// Passes that are still to be compared.
    passes: u32,
    /// Passes that the next scan has compared: more each time, so that an instance whose calls
    /// write other pages now and then is not scanned for each of them.
    patience: u32,
    /// Where pages begin that were given back since it was built, in ascending order.
    given_back: Vec<usize>,
}

/// Passes that are compared after the first scan, and at most.
const PATIENCE: Range<u32> = 8..4096;

impl Default for DirtySet {
    fn default() -> Self {
        Self {
            ranges: Vec::new(),
            changed: Vec::new(),
            passes: 0,
            patience: PATIENCE.start,
            given_back: Vec::new(),
        }
    }
}

impl DirtySet {
    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// How many pages there are.
    pub(crate) fn pages(&self) -> usize {
        self.changed.len()
    }

    /// Scans for dirty pages, if there may be new ones.
    pub(crate) fn find(&mut self, has_new_pages: &mut bool, memory: &[u8]) -> std::io::Result<()> {
        if !*has_new_pages {
            return Ok(());
        }
        self.set(dirty_pages(memory)?);
        *has_new_pages = false;
        self.passes = self.patience;
        self.patience = (self.patience * 2).min(PATIENCE.end);
        Ok(())
    }

    /// Takes `ranges` for the dirty pages.
    pub(crate) fn set(&mut self, ranges: Vec<Range<usize>>) {
        let pages = ranges.iter().map(ExactSizeIterator::len).sum::<usize>() / PAGE;
        self.ranges = ranges;
        self.changed.clear();
        self.changed.resize(pages, false);
    }

    /// Whether the next pass is to be compared.
    pub(crate) fn is_learning(&self) -> bool {
        self.passes > 0
    }

    /// In a pass that was compared, each page has differed or has not, in their order. Gives the
    /// pages back that never did, once that was seen often enough, and says that by
    /// `has_new_pages`.
    pub(crate) fn end_pass(
        &mut self,
        differed: impl IntoIterator<Item = bool>,
        has_new_pages: &mut bool,
        memory: &mut [u8],
    ) {
        if self.passes == 0 {
            return;
        }
        for (changed, differed) in self.changed.iter_mut().zip(differed) {
            *changed |= differed;
        }
        self.passes -= 1;
        if self.passes > 0 {
            return;
        }
        let pages = self
            .ranges
            .iter()
            .flat_map(|range| range.clone().step_by(PAGE));
        let is_spare = |(start, changed): &(usize, &bool)| {
            !**changed && self.given_back.binary_search(start).is_err()
        };
        let spare = pages.zip(&self.changed).filter(is_spare);
        let spare: Vec<_> = spare.map(|(start, _)| start).collect();
        if !spare.is_empty() {
            let unchanged: Vec<_> = spare.iter().map(|start| *start..start + PAGE).collect();
            decommit_unchanged(memory, &unchanged);
            *has_new_pages = true;
            self.given_back.extend(spare);
            self.given_back.sort_unstable();
        }
    }
}
