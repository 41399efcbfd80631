//! What many resets leave behind, in a process that does nothing else.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::component;
use test_support::until;
use wit_wire_host::{Host, Op, PoolConfig, ResetPolicy};

#[tokio::test]
async fn a_hundred_thousand_resets_leave_nothing_behind() {
    let component = component(
        Host::builder().pool(
            PoolConfig::default()
                .instances(1)
                .reset(ResetPolicy::Require),
        ),
    );
    let program = component.program([Op::new("keep")]).build().await.unwrap();
    let keep = program.function("keep").unwrap();
    let run = async |calls: usize| {
        for _ in 0..calls {
            assert_eq!(keep.call_raw("5").await.unwrap(), "0");
        }
        let is_back = || component.host().stats().idle == 1;
        until("the instance is back", is_back).await;
    };
    run(1_000).await;
    let (before, files) = (resident(), open_files());
    run(100_000).await;
    let stats = component.host().stats();
    assert!(stats.resets >= 101_000 - stats.discarded.calls, "{stats:?}");
    // One instance more or less than in between, and what the allocator keeps.
    let growth = resident().saturating_sub(before);
    assert!(growth < 4 << 20, "{growth} bytes more than before");
    assert_eq!(open_files(), files);
}

/// Bytes of this process in memory, where the system tells.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
