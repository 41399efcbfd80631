//! Linux 6.7 and later.

use std::ffi::c_void;
use std::io::{BufRead, BufReader, Error, ErrorKind, Result};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::OnceLock;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::{Errno, pwrite};
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

pub(in crate::memory) type File = rustix::fd::OwnedFd;

// `PAGEMAP_SCAN`, in Linux since 6.7: include/uapi/linux/fs.h and
// Documentation/admin-guide/mm/pagemap.rst.
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

// SAFETY: the opcode is the one whose argument is a `struct pm_scan_arg`, which the kernel reads
// and writes. What it writes beyond that are the regions, which the caller of `ioctl` answers for.
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

pub(in crate::memory) fn dirty_pages(memory: &[u8]) -> Result<Vec<Range<usize>>> {
    static PAGEMAP: OnceLock<std::fs::File> = OnceLock::new();
    let pagemap = match PAGEMAP.get() {
        Some(open) => open,
        None => {
            let open = std::fs::File::open("/proc/self/pagemap")?;
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
        // SAFETY: the kernel writes to `scan` and to as many regions as its `regions_length` says,
        // which is how many there are. The addresses to scan need not even be mapped.
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

/// Whether an error says that the system is short of something, which it may have again later.
pub(in crate::memory) fn is_transient(error: &Error) -> bool {
    let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
    Errno::from_io_error(error).is_some_and(|error| short.contains(&error))
}

/// The page faults of this thread so far.
pub(in crate::memory) fn page_faults() -> u64 {
    // SAFETY: a structure of numbers, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the system writes one such structure there. It can't fail with this argument. If it
    // did, the clock's time, which is always another, has the pages scanned.
    if unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) } != 0 {
        return std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |time| time.as_nanos() as u64);
    }
    (usage.ru_minflt as u64).wrapping_add(usage.ru_majflt as u64)
}

pub(in crate::memory) fn decommit(pages: &mut [u8]) -> Result<()> {
    // SAFETY: this gives the pages the content that was mapped there, a file's or zeros, which are
    // bytes like those that they had. The slice is borrowed mutably, so nobody counts on these.
    unsafe {
        madvise(
            pages.as_mut_ptr().cast(),
            pages.len(),
            Advice::LinuxDontNeed,
        )?;
    }
    Ok(())
}

/// The private mapping of nothing but memory that has the address `inside`.
pub(in crate::memory) fn mapping_of(inside: usize) -> Option<Range<usize>> {
    // By line, since a process may have tens of thousands of mappings, and new ones come early.
    let maps = BufReader::new(std::fs::File::open("/proc/self/maps").ok()?);
    maps.lines().map_while(Result::ok).find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        let mapping = address(start)?..address(end)?;
        let is_plain = words.next() == Some("rw-p") && words.nth(2) == Some("0");
        (is_plain && mapping.contains(&inside)).then_some(mapping)
    })
}

/// # Safety
///
/// `addresses` are whole pages of a private mapping of memory, whose content nobody counts on.
pub(in crate::memory) unsafe fn give_back(addresses: Range<usize>) {
    let start = std::ptr::with_exposed_provenance_mut(addresses.start);
    // SAFETY: the caller's promise: this makes them zeros. Where it fails they stay.
    let _ = unsafe { madvise(start, addresses.len(), Advice::LinuxDontNeed) };
}

pub(in crate::memory) fn keep_pages_plain(memory: &mut [u8]) {
    let start = memory.as_mut_ptr().cast();
    for advice in [Advice::LinuxNoHugepage, Advice::LinuxUnmergeable] {
        // SAFETY: this advice changes no content and no access, only how the pages of the slice are
        // backed from now on. A kernel without such pages refuses it, and does not need it.
        let _ = unsafe { madvise(start, memory.len(), advice) };
    }
}

/// A file in memory with the content `bytes`, sealed against writing and any change of its length.
pub(in crate::memory) fn seal(bytes: &[u8]) -> Result<File> {
    let file = memfd_create("program", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = pwrite(&file, rest, (bytes.len() - rest.len()) as u64)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    ftruncate(&file, bytes.len() as u64)?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    fcntl_add_seals(&file, seals)?;
    Ok(file)
}

pub(in crate::memory) fn map_for_reading(file: &File, length: usize) -> Result<NonNull<u8>> {
    // SAFETY: a new mapping at an address of the system's choice.
    let start = unsafe {
        mmap(
            std::ptr::null_mut(),
            length,
            ProtFlags::READ,
            MapFlags::SHARED,
            file,
            0,
        )?
    };
    NonNull::new(start.cast()).ok_or_else(|| ErrorKind::OutOfMemory.into())
}

/// Maps a private copy of `file` from `at` on over `memory`. Both are whole pages that the file
/// has: the caller has checked.
pub(in crate::memory) fn map_over(file: &File, memory: &mut [u8], at: usize) -> Result<()> {
    let start = memory.as_mut_ptr().cast();
    // SAFETY: what is replaced is exactly the slice, which is borrowed mutably, so nobody counts on
    // its bytes; the new mapping has bytes at the same addresses, to be read and written, and the
    // file can't become shorter than it. Wasmtime unmaps an instance's memory as a whole, whatever
    // is mapped there, and never hands it to another instance: engines that pool memories are
    // refused (`HostBuilder::build`).
    let mapped = unsafe {
        mmap(
            start,
            memory.len(),
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED,
            file,
            at as u64,
        )?
    };
    debug_assert_eq!(mapped, start);
    // SAFETY: as in `keep_pages_plain`. Files have no huge pages here.
    let _ = unsafe { madvise(start, memory.len(), Advice::LinuxUnmergeable) };
    Ok(())
}

/// # Safety
///
/// `start` is a mapping of `length` bytes from [`map_for_reading`] that nobody uses any more.
pub(in crate::memory) unsafe fn unmap(start: NonNull<u8>, length: usize) {
    // SAFETY: the caller's promise.
    let _ = unsafe { munmap(start.as_ptr().cast(), length) };
}
