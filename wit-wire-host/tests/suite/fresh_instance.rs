//! The suite with calls that come to their clean state by a fresh instance.

use wit_wire_host::{CleanState, HostBuilder};

const WAY: CleanState = CleanState::FreshInstance;

fn host() -> HostBuilder {
    crate::common::host(WAY)
}

#[path = "calls.rs"]
mod calls;
#[path = "hostcalls.rs"]
mod hostcalls;
