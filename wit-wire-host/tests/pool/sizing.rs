//! How many instances there are, and how long they are kept.

use std::future::IntoFuture;
use std::time::Duration;

use test_support::until;
use wit_wire_host::{Isolation, Op};

use super::{component, function, host, pool};

#[tokio::test]
async fn instances_are_built_ahead_and_given_back() {
    let component_of = |idle_time| component(host(pool(2).idle_time(idle_time)));
    let component = component_of(Duration::from_secs(60));
    component.warm(100).await.unwrap();
    assert_eq!(component.host().stats().idle, 2);
    let echo = function(&component, "echo").await;
    let (_, receipt) = echo.call_raw("1").with_receipt().await;
    assert!(!receipt.cold);

    let component = component_of(Duration::ZERO);
    let echo = function(&component, "echo").await;
    echo.call_raw("1").await.unwrap();
    let stats = || component.host().stats();
    // What is left is the one that never runs.
    until("the idle ones are released", || {
        stats().idle == 0 && stats().live == 1
    })
    .await;
    assert!(stats().discarded.idle >= 1);
    assert_eq!(echo.call_raw("1").await.unwrap(), "1");
}

#[tokio::test]
async fn a_time_too_long_for_the_clock_is_no_limit() {
    let config = pool(2).idle_time(Duration::MAX);
    let component = component(host(config));
    let echo = function(&component, "echo").await;
    for _ in 0..3 {
        assert_eq!(echo.call_raw("1").await.unwrap(), "1");
        until("an instance is idle", || component.host().stats().idle == 1).await;
    }
}

#[tokio::test]
async fn shared_state_is_given_up_after_its_time() {
    let component = component(host(pool(1)));
    let shared = || {
        component
            .program([Op::new("count")])
            .isolation(Isolation::Shared)
    };
    let program = shared().max_calls(2).build().await.unwrap();
    let count = program.function("count").unwrap();
    for expected in ["1", "2", "1", "2", "1"] {
        assert_eq!(count.call_raw("").await.unwrap(), expected);
    }
    let program = shared().max_age(Duration::ZERO).build().await.unwrap();
    let count = program.function("count").unwrap();
    for _ in 0..3 {
        assert_eq!(count.call_raw("").await.unwrap(), "1");
    }
}

#[test]
fn a_runtime_that_stands_still_holds_no_instance() {
    let component = component(host(pool(1)));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let echo = first.block_on(function(&component, "echo"));
    for _ in 0..3 {
        assert_eq!(
            first.block_on(echo.call_raw("1").into_future()).unwrap(),
            "1"
        );
        let second = runtime();
        assert_eq!(
            second.block_on(echo.call_raw("2").into_future()).unwrap(),
            "2"
        );
    }
}
