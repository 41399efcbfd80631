//! The suite with instances that are reset.

use wit_wire_host::{CleanedBy, HostBuilder, ResetPolicy};

const CLEANED_BY: CleanedBy = CleanedBy::Reset;

fn host() -> HostBuilder {
    crate::common::host(ResetPolicy::Require)
}

#[path = "calls.rs"]
mod calls;
#[path = "hostcalls.rs"]
mod hostcalls;
