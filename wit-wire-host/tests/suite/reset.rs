//! The suite with calls that come to their clean state by a reset.

use wit_wire_host::{CleanState, Host, HostBuilder, PoolConfig};

const WAY: CleanState = CleanState::Reset;

fn host() -> HostBuilder {
    Host::builder().pool(PoolConfig {
        clean_state: WAY,
        ..PoolConfig::default()
    })
}

#[path = "calls.rs"]
mod calls;
#[path = "hostcalls.rs"]
mod hostcalls;
