//! Taking a memory back to a state.

use std::ops::Range;

use super::dirty::dirty_pages;
use super::page::page_at;
use super::{Image, PAGE};

/// Makes `memory`, which has changed in `ranges` alone, that of a pristine instance with `image`.
/// Beyond the end of `pristine` there are zeros.
pub(crate) fn restore(
    pristine: &[u8],
    image: Option<&Image>,
    memory: &mut [u8],
    ranges: &[Range<usize>],
) {
    let mapped = image.filter(|image| image.is_mapped());
    for range in ranges {
        let mut start = range.start;
        while start < range.end {
            let (bytes, length) = match mapped {
                Some(image) => image.mapped(start..range.end),
                None => (None, range.end - start),
            };
            let end = start + length;
            match (bytes, memory.get_mut(start..end)) {
                (Some(bytes), Some(here)) => here.copy_from_slice(bytes),
                (None, Some(_)) => restore_pristine(pristine, memory, start..end),
                (_, None) => return,
            }
            start = end;
        }
    }
    for layer in image.into_iter().flat_map(Image::layers) {
        layer.write_lines(memory);
    }
}

/// The same, but writes only to pages that are different. Says of each page whether it was, or has
/// lines of the image, so that it is not as it was mapped.
pub(crate) fn restore_compared(
    pristine: &[u8],
    image: Option<&Image>,
    memory: &mut [u8],
    ranges: &[Range<usize>],
) -> Vec<bool> {
    let mut page = [0; PAGE];
    let mut restore = |start: usize| {
        let expected = match image {
            Some(image) => image.page_in(pristine, start, &mut page),
            None => page_at(pristine, start),
        };
        let here = memory.get_mut(start..start + PAGE).unwrap_or_default();
        let differs = here != expected;
        if differs {
            here.copy_from_slice(expected);
        }
        differs || image.is_some_and(|image| image.has_lines(start))
    };
    let starts = ranges.iter().flat_map(|range| range.clone().step_by(PAGE));
    starts.map(&mut restore).collect()
}

fn restore_pristine(pristine: &[u8], memory: &mut [u8], range: Range<usize>) {
    let split = pristine.len().clamp(range.start, range.end);
    if let (Some(here), Some(bytes)) = (
        memory.get_mut(range.start..split),
        pristine.get(range.start..split),
    ) {
        here.copy_from_slice(bytes);
    }
    // Filling an empty range is not free: it is a masked store at the end of the range, which takes
    // the processor long if the page there is read-only.
    if let Some(beyond @ [_, ..]) = memory.get_mut(split..range.end) {
        beyond.fill(0);
    }
}

/// Whether `memory` is that of a pristine instance with `image`, byte for byte. Beyond the state's
/// own length there are zeros: only pages that are dirty are looked at there.
pub(crate) fn is_state(pristine: &[u8], image: Option<&Image>, memory: &[u8]) -> bool {
    let length = image.map_or(pristine.len(), Image::length);
    let (state, beyond) = memory.split_at(length.min(memory.len()));
    let mut expected = [0; PAGE];
    let is_equal = state.chunks(PAGE).enumerate().all(|(number, here)| {
        let start = number * PAGE;
        match image {
            Some(image) => image.copy_page(pristine, start, &mut expected),
            None => expected.copy_from_slice(page_at(pristine, start)),
        }
        here == expected
    });
    let is_zero = |range: Range<usize>| {
        let bytes = beyond.get(range).unwrap_or_default();
        bytes.iter().all(|byte| *byte == 0)
    };
    is_equal
        && (beyond.is_empty()
            || dirty_pages(beyond).is_ok_and(|ranges| ranges.into_iter().all(is_zero)))
}
