//! The suite with a fresh instance for each call.

use wit_wire_host::{CleanedBy, HostBuilder, ResetPolicy};

const CLEANED_BY: CleanedBy = CleanedBy::FreshInstance;

fn host() -> HostBuilder {
    crate::common::host(ResetPolicy::Never)
}

#[path = "calls.rs"]
mod calls;
#[path = "hostcalls.rs"]
mod hostcalls;
