//! The linear memory of an instance at rest: which of its pages were written, and access to its bytes. All `unsafe` of the
//! crate stands here.

#![allow(
    unsafe_code,
    reason = "the kernel is asked about memory, and a guest's memory is written while the guest rests"
)]

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::pin;
use std::ptr::NonNull;
use std::sync::Mutex;

use wasmtime::Store;
use wasmtime::component::WasmList;

use crate::instance::Instance;
use crate::state::State;

/// The unit in which memory is compared and restored. Pages of the machine are as large, or a multiple of it.
pub(crate) const PAGE: usize = 4096;

/// All of the memory that `list` was said to be, to be written.
pub(crate) fn bytes_mut<'a>(list: &WasmList<u8>, store: &'a mut Store<State>) -> &'a mut [u8] {
    let bytes = list.as_le_slice(&*store);
    // The address alone: what is written through is not the shared borrow, but the mapping that Wasmtime made.
    let start = std::ptr::with_exposed_provenance_mut(bytes.as_ptr().expose_provenance());
    let length = bytes.len();
    // SAFETY: the bytes are the store's linear memory, which Wasmtime has just checked to have them, and which it maps to be
    // written. The store is borrowed mutably for as long as the slice lives, so that neither the guest nor anything
    // else that goes through the store reads, writes, grows or frees the memory meanwhile. It is not shared with
    // threads: an instance with a shared memory has no such list.
    unsafe { std::slice::from_raw_parts_mut(start, length) }
}

/// The memory of an instance that never runs again, to be read from any thread.
pub(crate) struct Resting {
    /// Keeps the memory. Never looked into, so that nothing else reaches the memory.
    _instance: Mutex<Instance>,
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: `Instance` is `Send`, and in a mutex it is `Sync`. The pointer is one to memory of that instance, which stays where
// it is until the instance is dropped, on whichever thread, and which is only read.
unsafe impl Send for Resting {}
// SAFETY: as above.
unsafe impl Sync for Resting {}

impl Resting {
    pub(crate) fn new(mut instance: Instance, list: &WasmList<u8>) -> Self {
        let bytes = bytes_mut(list, instance.resting());
        let (start, length) = (NonNull::from(&mut *bytes).cast(), bytes.len());
        Self {
            _instance: Mutex::new(instance),
            start,
            length,
        }
    }

    pub(crate) fn get(&self) -> &[u8] {
        // SAFETY: these are the bytes of the instance's memory, found in `new`. It has not been used since: it is owned here and
        // reached by nobody. A memory moves and shrinks at most when its guest runs, and nobody writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

/// Bytes that never change, in a sealed file in memory that can be mapped over the memory of instances.
pub(crate) struct Frozen {
    #[cfg(target_os = "linux")]
    file: rustix::fd::OwnedFd,
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the pointer is one to a mapping that `Frozen` owns, that is only read, and that can be read and unmapped from any
// thread.
unsafe impl Send for Frozen {}
// SAFETY: as above.
unsafe impl Sync for Frozen {}

impl Frozen {
    /// A file of `parts`, one after the other, made of whole pages.
    pub(crate) fn new<'a>(parts: impl Iterator<Item = &'a [u8]>) -> std::io::Result<Self> {
        #[cfg(target_os = "linux")]
        return linux::freeze(parts);
        #[cfg(not(target_os = "linux"))]
        {
            drop(parts);
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping has this length, lives as long as `self`, and is one of a file that is sealed against writing and
        // shrinking.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// Puts a private copy of the bytes from `at` on in the place of `memory`, which is made of whole pages: a page is copied
    /// when it is first written.
    pub(crate) fn map_over(&self, memory: &mut [u8], at: usize) -> std::io::Result<()> {
        #[cfg(target_os = "linux")]
        return linux::map_over(self, memory, at);
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (memory, at);
            Err(std::io::ErrorKind::Unsupported.into())
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and borrowed by nobody any more. Instances that have the file mapped have
        // mappings of their own.
        #[cfg(target_os = "linux")]
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// Whether this machine can tell which pages were written. An error is one of this moment: it has no descriptor or no memory
/// left to say.
pub(crate) fn is_supported() -> std::io::Result<bool> {
    use std::sync::OnceLock;
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    if let Some(supported) = SUPPORTED.get() {
        return Ok(*supported);
    }
    let probe = vec![1_u8; 2 * PAGE];
    let aligned = probe.as_ptr().align_offset(PAGE);
    let page = probe.get(aligned..aligned.saturating_add(PAGE));
    let supported = match page.map(written) {
        Some(Err(error)) if is_passing(&error) => return Err(error),
        Some(Ok(found)) => found.len() == 1,
        _ => false,
    };
    Ok(*SUPPORTED.get_or_init(|| supported))
}

/// Whether an error says that the system is short of something, which it may have again.
fn is_passing(error: &std::io::Error) -> bool {
    #[cfg(target_os = "linux")]
    return linux::is_passing(error);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = error;
        false
    }
}

/// The pages of `memory` that no longer are what was mapped there, as ranges of offsets in ascending order: those that were
/// written at any time since, and those that never had a file behind them and were touched. The system may have swapped
/// them out.
///
/// `memory` is made of whole pages.
#[cfg(target_os = "linux")]
pub(crate) fn written(memory: &[u8]) -> std::io::Result<Vec<Range<usize>>> {
    linux::written(memory)
}

/// Other systems have no such question.
#[cfg(not(target_os = "linux"))]
pub(crate) fn written(_: &[u8]) -> std::io::Result<Vec<Range<usize>>> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// How often this thread has had to wait for a page of memory, or for leave to write to one. A page that is as it was mapped
/// can't be written without.
fn faults() -> u64 {
    #[cfg(target_os = "linux")]
    return linux::faults();
    #[cfg(not(target_os = "linux"))]
    return 0;
}

/// Writes to memory, and sets `has_new_pages` if any page of it may have been written for the first time.
pub(crate) fn watch_writing(has_new_pages: &mut bool, write: impl FnOnce()) {
    let before = faults();
    write();
    *has_new_pages |= faults() != before;
}

/// Drives `future`, and sets `has_new_pages` if any page of memory may have been written for the first time by it.
pub(crate) async fn watch<F: Future>(has_new_pages: &mut bool, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        // What can't be told any better need not be asked.
        if *has_new_pages {
            return future.as_mut().poll(context);
        }
        let before = faults();
        let polled = future.as_mut().poll(context);
        *has_new_pages = faults() != before;
        polled
    })
    .await
}

/// Takes back the pages in `ranges` that hold again what was mapped there, so that they count as not written: a component's
/// start writes to many pages what stands there already.
pub(crate) fn forget_unchanged(memory: &mut [u8], ranges: &[Range<usize>]) {
    #[cfg(target_os = "linux")]
    linux::forget_unchanged(memory, ranges);
    #[cfg(not(target_os = "linux"))]
    let _ = (memory, ranges);
}

/// Gives the pages of `memory` in `ranges` the content again that was mapped there. That is less work than to write to many of
/// them, and they count as not written; but whoever touches them next has to wait for each.
pub(crate) fn forget(memory: &mut [u8], ranges: &[Range<usize>]) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    return linux::forget(memory, ranges);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (memory, ranges);
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

/// Has the system keep `memory` in pages of the smallest size, so that writing one byte does not make two megabytes count
/// as written.
pub(crate) fn in_small_pages(memory: &mut [u8]) {
    #[cfg(target_os = "linux")]
    linux::in_small_pages(memory);
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_void;
    use std::fs::File;
    use std::ops::Range;
    use std::ptr::NonNull;
    use std::sync::OnceLock;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
    use rustix::io::pwrite;
    use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap};

    use super::{Frozen, PAGE};

    // `PAGEMAP_SCAN`, in Linux since 6.7: include/uapi/linux/fs.h and Documentation/admin-guide/mm/pagemap.rst.
    const IS_FILE: u64 = 1 << 2;
    const IS_PRESENT: u64 = 1 << 3;
    const IS_SWAPPED: u64 = 1 << 4;
    const IS_ZERO_PAGE: u64 = 1 << 5;

    /// `struct page_region`
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct Region {
        start: u64,
        end: u64,
        categories: u64,
    }

    /// `struct pm_scan_arg`
    #[repr(C)]
    #[derive(Default)]
    struct Scan {
        size: u64,
        flags: u64,
        start: u64,
        end: u64,
        walk_end: u64,
        regions: u64,
        regions_length: u64,
        max_pages: u64,
        inverted: u64,
        all_of: u64,
        any_of: u64,
        returned: u64,
    }

    // SAFETY: the opcode is the one whose argument is a `struct pm_scan_arg`, which the kernel reads and writes. What it
    // writes beyond that are the regions, which the caller of `ioctl` answers for.
    unsafe impl Ioctl for &mut Scan {
        type Output = usize;
        const IS_MUTATING: bool = true;

        fn opcode(&self) -> Opcode {
            opcode::read_write::<Scan>(b'f', 16)
        }

        fn as_ptr(&mut self) -> *mut c_void {
            std::ptr::from_mut(*self).cast()
        }

        unsafe fn output_from_ptr(out: IoctlOutput, _: *mut c_void) -> rustix::io::Result<usize> {
            // Errors are negative, and do not come here.
            Ok(usize::try_from(out).unwrap_or(0))
        }
    }

    pub(super) fn written(memory: &[u8]) -> std::io::Result<Vec<Range<usize>>> {
        static PAGEMAP: OnceLock<File> = OnceLock::new();
        let pagemap = match PAGEMAP.get() {
            Some(open) => open,
            None => {
                let open = File::open("/proc/self/pagemap")?;
                PAGEMAP.get_or_init(|| open)
            }
        };
        let base = memory.as_ptr() as u64;
        let end = base + memory.len() as u64;
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(256);
        let mut start = base;
        while start < end {
            let mut regions = [Region::default(); 512];
            let mut scan = Scan {
                size: size_of::<Scan>() as u64,
                start,
                end,
                regions: regions.as_mut_ptr() as u64,
                regions_length: regions.len() as u64,
                inverted: IS_FILE | IS_ZERO_PAGE,
                all_of: IS_FILE | IS_ZERO_PAGE,
                any_of: IS_PRESENT | IS_SWAPPED,
                returned: IS_PRESENT,
                ..Scan::default()
            };
            // SAFETY: the kernel writes to `scan` and to as many regions as its `regions_length` says, which is how many
            // there are. The addresses to scan need not even be mapped.
            let found = unsafe { ioctl(pagemap, &mut scan)? };
            for region in regions.iter().take(found) {
                let range = (region.start - base) as usize..(region.end - base) as usize;
                match ranges.last_mut() {
                    Some(last) if last.end == range.start => last.end = range.end,
                    _ => ranges.push(range),
                }
            }
            if scan.walk_end <= start {
                break;
            }
            start = scan.walk_end;
        }
        Ok(ranges)
    }

    pub(super) fn is_passing(error: &std::io::Error) -> bool {
        use rustix::io::Errno;
        let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
        Errno::from_io_error(error).is_some_and(|error| short.contains(&error))
    }

    pub(super) fn faults() -> u64 {
        // SAFETY: a structure of numbers, for which zeros are values.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the system writes one such structure there. It can't fail with this argument. If it did, the
        // clock's time, which is always another, has the pages looked at.
        if unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) } != 0 {
            return std::time::UNIX_EPOCH
                .elapsed()
                .map_or(0, |time| time.as_nanos() as u64);
        }
        (usage.ru_minflt as u64).wrapping_add(usage.ru_majflt as u64)
    }

    pub(super) fn forget_unchanged(memory: &mut [u8], ranges: &[Range<usize>]) {
        let mut held = [0; PAGE];
        for start in ranges.iter().flat_map(|range| range.clone().step_by(PAGE)) {
            let Some(page) = memory.get_mut(start..start + PAGE) else {
                return;
            };
            held.copy_from_slice(page);
            if forget_pages(page).is_ok() && *page != held {
                page.copy_from_slice(&held);
            }
        }
    }

    pub(super) fn forget(memory: &mut [u8], ranges: &[Range<usize>]) -> std::io::Result<()> {
        for range in ranges {
            if let Some(pages) = memory.get_mut(range.clone()) {
                forget_pages(pages)?;
            }
        }
        Ok(())
    }

    fn forget_pages(pages: &mut [u8]) -> rustix::io::Result<()> {
        // SAFETY: this gives the pages the content that was mapped there, a file's or zeros, which are bytes like those that
        // they had. The slice is borrowed mutably, so that nobody counts on these.
        unsafe {
            madvise(
                pages.as_mut_ptr().cast(),
                pages.len(),
                Advice::LinuxDontNeed,
            )
        }
    }

    pub(super) fn freeze<'a>(parts: impl Iterator<Item = &'a [u8]>) -> std::io::Result<Frozen> {
        let file = memfd_create("program", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut length = 0;
        for part in parts {
            let mut rest = part;
            while !rest.is_empty() {
                let written = pwrite(&file, rest, length as u64)?;
                rest = rest.get(written..).unwrap_or_default();
                length += written;
            }
        }
        ftruncate(&file, length as u64)?;
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, seals)?;
        // SAFETY: a new mapping at an address of the system's choice.
        let start = unsafe {
            mmap(
                std::ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::SHARED,
                &file,
                0,
            )?
        };
        let start = NonNull::new(start.cast()).ok_or(std::io::ErrorKind::OutOfMemory)?;
        Ok(Frozen {
            file,
            start,
            length,
        })
    }

    pub(super) fn map_over(frozen: &Frozen, memory: &mut [u8], at: usize) -> std::io::Result<()> {
        if !memory.len().is_multiple_of(PAGE) || at + memory.len() > frozen.length {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let start = memory.as_mut_ptr().cast();
        // SAFETY: what is replaced is exactly the slice, which is borrowed mutably, so that nobody counts on its bytes; the new
        // mapping has bytes at the same addresses, to be read and written, and the file can't become shorter than it.
        // Wasmtime unmaps an instance's memory as a whole, whatever is mapped there, and never hands it to another
        // instance: engines that pool memories are refused (`HostBuilder::build`).
        let mapped = unsafe {
            mmap(
                start,
                memory.len(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::FIXED,
                &frozen.file,
                at as u64,
            )?
        };
        debug_assert_eq!(mapped, start);
        Ok(())
    }

    pub(super) fn in_small_pages(memory: &mut [u8]) {
        let start = memory.as_mut_ptr().cast();
        // SAFETY: this advice changes no content and no access, only how the pages of the slice are backed from now on. A
        // kernel without huge pages refuses it, and needs it as little.
        let _ = unsafe { madvise(start, memory.len(), Advice::LinuxNoHugepage) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use super::*;

    #[test]
    fn pages_that_were_written_are_found_and_others_are_not() {
        if !is_supported().unwrap() {
            return;
        }
        const LENGTH: usize = 1 << 20;
        // SAFETY: new memory at an address of the kernel's choice, unmapped below.
        let start = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                LENGTH,
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::PRIVATE,
            )
        }
        .unwrap();
        // SAFETY: mapped above with this length, and used by nobody else.
        let memory = unsafe { std::slice::from_raw_parts_mut(start.cast::<u8>(), LENGTH) };
        in_small_pages(memory);
        assert_eq!(written(memory).unwrap(), []);
        // To read is not to write.
        assert_eq!(memory[7 * PAGE], 0);
        assert_eq!(written(memory).unwrap(), []);
        for page in [0, 3, 4, 255] {
            memory[page * PAGE + 17] = 1;
        }
        let expected = [0..PAGE, 3 * PAGE..5 * PAGE, 255 * PAGE..256 * PAGE];
        assert_eq!(written(memory).unwrap(), expected);
        // More ranges than the kernel tells at once can't be had here; many are.
        for page in (0..256).step_by(2) {
            memory[page * PAGE] = 1;
        }
        let pages: usize = written(memory)
            .unwrap()
            .iter()
            .map(|range| range.len() / PAGE)
            .sum();
        assert_eq!(pages, 128 + 2);
        // SAFETY: mapped above, and used no more.
        unsafe { rustix::mm::munmap(start, LENGTH) }.unwrap();
    }
}
