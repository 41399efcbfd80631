//! How long errors may be, wherever a guest has put the words.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use wit_wire_host::{CallError, Component, Dialect, Host, Limit, Limits, Op, Phase};

/// Bytes of an error's text.
const ALLOWED: usize = 10_000;

/// A guest that does `deed`, which is WebAssembly, when its op is called.
fn component(functions: &str, change: impl Fn(String) -> String) -> Component {
    let text = include_str!("evil/frame.wat")
        .replace("{EVIL}", functions)
        .replace("{NAME}", "deed")
        .replace("{PLACE}", "6");
    let module = wat::parse_str(change(text)).unwrap();
    let guest = common::componentize(module, &common::wit(Dialect::V1));
    let engine = common::engine();
    let guest = common::compile(&engine, &guest);
    let host = Host::builder().limits(Limits::default().error(ALLOWED));
    host.build(&engine).unwrap().component(&guest).unwrap()
}

#[tokio::test]
async fn frames_of_a_trap_are_no_longer_than_an_error_may_be() {
    // Of several bytes each, so that it is cut between them.
    let name = format!("\"{}\"", "\u{e9}".repeat(5_001));
    let deed = format!("(func $evil:deed (call ${name})) (func ${name} unreachable)");
    for (deed, cut) in [
        ("(func $evil:deed unreachable)", false),
        (deed.as_str(), true),
    ] {
        let component = component(deed, |text| text);
        let program = component.program([Op::new("evil")]).build().await.unwrap();
        let evil = program.function("evil").unwrap();
        let Err(CallError::Trap { frames, .. }) = evil.call_raw("null").await else {
            panic!("it traps");
        };
        let first = "evil:deed";
        assert!(cut || frames.contains(first), "{frames}");
        assert!(frames.len() <= ALLOWED, "{}", frames.len());
        assert_eq!(frames.len() > ALLOWED / 2, cut, "{}", frames.len());
    }
}

#[tokio::test]
async fn errors_of_a_profiled_call_are_no_longer_than_others() {
    // The op that profiles has a longer name than the one that brings an instance to rest.
    let by_length = |text: String| {
        text.replace(
            "(i32.eq (i32.load8_u (local.get $op)) (i32.const 119))",
            "(i32.eq (local.get $op_len) (i32.const 15))",
        )
    };
    for kind in ["handler-err", "in-json-err"] {
        for (length, fits) in [(ALLOWED, true), (ALLOWED + 1, false)] {
            let said = "a".repeat(length);
            let answer = format!(r#"{{"{kind}":"{said}","stacks":[[["f"],1]]}}"#);
            let deed = format!(
                "(func $evil:deed (i32.store (i32.const 68) (i32.const 8192))
                   (i32.store (i32.const 72) (i32.const {})))
                 (data (i32.const 8192) \"{}\")",
                answer.len(),
                answer.replace('"', "\\\"")
            );
            let component = component(&deed, by_length);
            let program = component.program([Op::new("evil")]).build().await.unwrap();
            let evil = program.function("evil").unwrap();
            let (result, receipt) = evil.call_raw("null").profiled().with_receipt().await;
            let error = result.unwrap_err();
            assert_eq!(receipt.profile.is_some(), fits, "{error}");
            match error {
                CallError::Handler { message, .. } | CallError::InvalidInput { message, .. } => {
                    assert!(fits && message == said, "{kind}");
                }
                CallError::Limit {
                    exceeded, phase, ..
                } => {
                    assert_eq!((exceeded.limit, phase), (Limit::Error, Phase::Handle));
                    assert_eq!(exceeded.requested, Some(length as u64));
                    assert!(!fits, "{kind}");
                }
                other => panic!("{other}"),
            }
        }
    }
}
