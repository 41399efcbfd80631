//! What becomes of instances after a call.

use test_support::until;
use wit_wire_host::{CallError, CleanedBy, Limits, Op, ProgramError, ResetPolicy};

use super::{common, component, function, host, pool, program};

#[tokio::test]
async fn an_instance_that_is_not_as_it_was_is_replaced() {
    let limits = Limits::default().memory(8 << 20);
    let component = component(host(pool(1)).limits(limits));
    let ops = ["keep", "more", "count", "trap", "grow", "echo"];
    let program = program(&component, &ops).await;
    let call = async |op: &str, input: &str| {
        let result = program.function(op).unwrap().call_raw(input).await;
        until("an instance is idle", || component.host().stats().idle == 1).await;
        result
    };
    let discarded = || component.host().stats().discarded;
    // Memory is taken back, in the same instance.
    for _ in 0..3 {
        assert_eq!(call("keep", "7").await.unwrap(), "0");
    }
    assert_eq!(discarded(), Default::default());
    call("more", "1").await.unwrap();
    assert_eq!(discarded(), Default::default());
    let resets = component.host().stats().resets;
    assert_eq!(call("count", "1").await.unwrap(), "1");
    assert_eq!(discarded().global, 1);
    call("trap", "1").await.unwrap_err();
    call("grow", "1").await.unwrap_err();
    assert_eq!(discarded().ended, 2);
    let stats = component.host().stats();
    assert_eq!((stats.resets, stats.rebuilds), (resets, 3));
    assert_eq!(call("keep", "7").await.unwrap(), "0");
    assert_eq!(discarded().unclean, 0);
}

#[tokio::test]
async fn any_instance_serves_any_program_of_its_component() {
    let component = component(host(pool(1)));
    let mut programs = Vec::new();
    for _ in 0..3 {
        programs.push(function(&component, "keep").await);
    }
    let built = component.host().stats().live;
    for secret in ["1", "2", "3"] {
        for keep in &programs {
            let (answer, receipt) = keep.call_raw(secret).with_receipt().await;
            assert_eq!(answer.unwrap(), "0");
            assert_eq!(
                (receipt.cleaned_by, receipt.cold),
                (Some(CleanedBy::Reset), false)
            );
        }
    }
    let stats = component.host().stats();
    assert_eq!((stats.live, stats.discarded), (built, Default::default()));
    assert!(stats.loads >= 6, "{stats:?}");
}

#[tokio::test]
async fn what_can_not_be_reset_is_an_error_only_if_it_must() {
    let engine = common::engine();
    const TABLE: &str = "(table $t 1 funcref) (start $set) \
                         (func $set (table.set $t (i32.const 0) (ref.null func)))";
    let plain = common::guest_with(wit_wire_host::Dialect::V1, TABLE);
    let plain = common::compile(&engine, &plain);
    let build = async |policy| {
        let config = pool(1).reset(policy);
        let host = host(config).build(&engine).unwrap();
        let component = host.component(&plain).unwrap();
        component.program([Op::new("keep")]).build().await
    };
    let error = build(ResetPolicy::Require).await.unwrap_err();
    let ProgramError::Run(CallError::NoReset { reason }) = error else {
        panic!("{error}")
    };
    assert_eq!(reason, "it was compiled without access to its state");
    let program = build(ResetPolicy::Auto).await.unwrap();
    for _ in 0..2 {
        let keep = program.function("keep").unwrap();
        let (answer, receipt) = keep.call_raw("7").with_receipt().await;
        assert_eq!(answer.unwrap(), "0");
        assert_eq!(receipt.cleaned_by, Some(CleanedBy::FreshInstance));
    }
}
