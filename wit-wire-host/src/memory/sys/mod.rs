//! What the system is asked about memory: the one place to edit for another system.

#![allow(unsafe_code, reason = "the kernel is asked about memory")]

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod imp;

pub(super) use imp::{
    File, decommit, dirty_pages, give_back, is_transient, keep_pages_plain, map_for_reading,
    map_over, mapping_of, page_faults, seal, unmap,
};
