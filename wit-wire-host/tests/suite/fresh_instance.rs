//! The suite with calls that come to their clean state by a fresh instance.

use wit_wire_host::{HostBuilder, ResetPolicy};

const WAY: ResetPolicy = ResetPolicy::Never;

fn host() -> HostBuilder {
    crate::common::host(WAY)
}

#[path = "calls.rs"]
mod calls;
#[path = "hostcalls.rs"]
mod hostcalls;
