//! Evil guests: each must end in the error that its deed deserves, and cost nobody else anything.
//!
//! The guests stand in `evil/*.wat`, a function `$evil:name` for each deed, and `evil/frame.wat`
//! does one of them at one place of a guest's life. Every deed is done twice over in a host of its
//! own kind, under both ways to clean state, beside a good guest.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

#[path = "evil/suite.rs"]
mod suite;

use std::time::Duration;

use suite::{Place, all_in, at, run};
use wit_wire_host::{HostBuilder, HostcallContext, HostcallError, Limits};

fn limits() -> Limits {
    Limits::default()
        .wall_time(Duration::from_secs(300))
        .cpu_time(Duration::from_secs(60))
        .memory(4 << 20)
        .input(16 << 10)
        .output(16 << 10)
        .error(16 << 10)
        .log(4 << 10)
        .hostcalls(1_000)
        .hostcall_payload(16 << 10)
        .wait(Duration::from_secs(300))
        .nesting(3)
}

/// Limits for guests that never end by themselves.
fn short() -> Limits {
    limits().cpu_time(Duration::from_millis(20))
}

fn alone(host: HostBuilder) -> HostBuilder {
    host
}

#[test]
fn endless_loops_end_at_the_limit_on_time() {
    let text = include_str!("evil/loops.wat");
    let deeds = ["empty", "calling", "writing", "branching"];
    let cases = deeds
        .into_iter()
        .flat_map(|deed| all_in(text, deed, "limit CpuTime 20"));
    run("endless loops", short(), alone, cases.collect());
}

#[test]
fn traps_are_errors_that_say_which() {
    let text = include_str!("evil/traps.wat");
    let memory = "trap: wasm trap: out of bounds memory access";
    let table = "trap: wasm trap: undefined element: out of bounds table access";
    let deeds = [
        (
            "unreachable",
            "trap: wasm trap: wasm `unreachable` instruction executed",
        ),
        ("load", memory),
        ("load_across_the_end", memory),
        ("load_beyond_4_gib", memory),
        ("store", memory),
        ("fill", memory),
        ("copy", memory),
        ("init", memory),
        ("table_get", table),
        ("call_beyond", table),
        ("call_null", "trap: wasm trap: uninitialized element"),
        (
            "call_signature",
            "trap: wasm trap: indirect call type mismatch",
        ),
        ("divide_by_zero", "trap: wasm trap: integer divide by zero"),
        (
            "remainder_by_zero",
            "trap: wasm trap: integer divide by zero",
        ),
        ("divide_overflow", "trap: wasm trap: integer overflow"),
        (
            "convert_nan",
            "trap: wasm trap: invalid conversion to integer",
        ),
        ("convert_overflow", "trap: wasm trap: integer overflow"),
        ("recursion", "trap: wasm trap: call stack exhausted"),
        ("mutual_recursion", "trap: wasm trap: call stack exhausted"),
    ];
    let cases = deeds
        .into_iter()
        .flat_map(|(deed, expected)| all_in(text, deed, expected));
    run("traps", limits(), alone, cases.collect());
}

#[test]
fn memory_ends_at_its_limit() {
    let text = include_str!("evil/memory.wat");
    let deeds = [
        ("page_by_page", "limit Memory 4194304"),
        ("all_at_once", "limit Memory 4194304"),
        ("most_at_once", "limit Memory 4194304"),
        ("more_than_there_is", "ok"),
        ("to_the_limit", "ok"),
        ("one_beyond_the_limit", "limit Memory 4194304"),
    ];
    let cases = deeds
        .into_iter()
        .flat_map(|(deed, expected)| all_in(text, deed, expected));
    run("memory", limits(), alone, cases.collect());
}

#[test]
fn tables_end_at_their_limit() {
    let text = include_str!("evil/tables.wat");
    let deeds = [
        ("one_by_one", "limit Tables 1048576"),
        ("all_at_once", "limit Tables 1048576"),
        ("in_turns", "limit Tables 1048576"),
        ("beyond_its_own_maximum", "ok"),
    ];
    let cases = deeds
        .into_iter()
        .flat_map(|(deed, expected)| all_in(text, deed, expected));
    run("tables", limits().memory(32 << 20), alone, cases.collect());

    // They count as memory, too.
    let deeds = ["one_by_one", "all_at_once", "in_turns"];
    let expected = [
        "limit Memory 4194304",
        "limit Tables 1048576",
        "limit Memory 4194304",
    ];
    let cases = deeds
        .into_iter()
        .zip(expected)
        .flat_map(|(deed, expected)| all_in(text, deed, expected));
    run("tables as memory", limits(), alone, cases.collect());
}

#[test]
fn what_a_guest_keeps_open_at_rest_is_no_reset() {
    let text = include_str!("evil/handles.wat");
    let kept = "no reset: it keeps handles open that are not its standard streams";
    // Each type of resource that a guest can get; of the others the sandbox gives none.
    let cases = [
        ("clock", kept),
        ("stream_pollable", "ok null"),
        ("stdin_pollable", "ok null"),
        ("input_stream", "ok null"),
        ("network", kept),
        ("many_clocks", kept),
        ("clock_for_a_stream", kept),
        ("output_stream", "ok null"),
        ("descriptor", "ok null"),
        ("tcp_socket", "ok null"),
        ("udp_socket", "ok null"),
        ("resolve_address_stream", kept),
    ];
    let cases = cases.map(|(deed, expected)| at(text, deed, Place::Settle, expected));
    run("handles at rest", limits(), alone, cases.into());
}

#[test]
fn a_realloc_that_lies_harms_its_guest_alone() {
    let text = include_str!("evil/reallocs.wat");
    let beyond = "failed: realloc return: beyond end of memory";
    let deeds = [
        ("zero", "ok", "ok"),
        (
            "unaligned",
            "failed: realloc return: result not aligned",
            "ok",
        ),
        ("beyond", beyond, beyond),
        (
            "last_byte",
            "failed: realloc return: result not aligned",
            beyond,
        ),
        ("first_byte_beyond", beyond, beyond),
        (
            "minus_one",
            "failed: realloc return: result not aligned",
            beyond,
        ),
        ("same_twice", "ok", "ok"),
        ("over_itself", "ok", "ok"),
        ("over_the_answer", "ok", "ok"),
    ];
    let cases = deeds.into_iter().flat_map(|(deed, init, handle)| {
        [
            at(text, deed, Place::InitRealloc, init),
            at(text, deed, Place::HandleRealloc, handle),
        ]
    });
    run("realloc", limits(), alone, cases.collect());
}

#[test]
fn answers_that_are_none_are_refused() {
    let text = include_str!("evil/answers.wat");
    let beyond = "failed: string pointer/length out of bounds of memory";
    let pointer = "failed: pointer out of bounds of memory";
    let utf8 = "failed: invalid utf-8 sequence";
    let deeds = [
        ("pointer_beyond", pointer),
        ("pointer_at_the_end", pointer),
        ("pointer_minus_one", pointer),
        ("pointer_unaligned", "failed: return pointer not aligned"),
        ("tag", "failed: invalid expected discriminant"),
        ("tag_255", "failed: invalid expected discriminant"),
        ("error_tag", "failed: unexpected discriminant: 3"),
        ("string_beyond", beyond),
        ("string_across_the_end", beyond),
        ("length_2_32", beyond),
        ("wraps_around", beyond),
        ("empty_beyond", beyond),
        ("empty_at_the_end", "ok"),
        ("bytes_of_255", utf8),
        ("surrogate", utf8),
        ("long_zero", utf8),
        ("beyond_unicode", utf8),
        ("overlap", "ok"),
        ("no_json", "ok"),
        ("nothing", "ok"),
        ("zeros", "ok"),
        ("too_large", "limit Output 16384"),
        ("error_too_large", "limit Error 16384"),
        ("input_error_too_large", "limit Error 16384"),
        ("error_not_utf8", utf8),
        ("no_handler", "no handler"),
    ];
    let cases = deeds.map(|(deed, expected)| at(text, deed, Place::Handle, expected));
    run("answers of handle", limits(), alone, cases.into());

    let text = include_str!("evil/init_answers.wat");
    let deeds = [
        ("pointer_beyond", pointer),
        ("tag", "failed: invalid expected discriminant"),
        ("error_tag", "failed: unexpected discriminant: 3"),
        (
            "not_ready",
            "init: the guest reports that it is not ready, without a reason",
        ),
        ("readier_than_ready", "ok"),
        ("version_beyond", beyond),
        ("version_not_utf8", utf8),
        ("version_too_large", "limit Error 16384"),
        ("other_too_large", "limit Error 16384"),
        ("op_too_large", "limit Error 16384"),
        ("op_beyond", beyond),
        ("op_that_was_never_given", "unexpected op `null`"),
    ];
    let cases = deeds.map(|(deed, expected)| at(text, deed, Place::Init, expected));
    run("answers of init", limits(), alone, cases.into());
}

#[test]
fn hostcalls_of_any_kind_are_answered_or_end_the_guest() {
    let text = include_str!("evil/hostcalls.wat");
    let unknown = r#"ok {"code":"op_404","message":"the host has no op `no such`"}"#;
    let payload = "limit HostcallPayload 16384";
    let utf8 = "failed: invalid utf-8 sequence";
    let beyond = "failed: string pointer/length out of bounds of memory";
    let deeds = [
        ("unknown", unknown),
        (
            "no_name",
            r#"ok {"code":"op_404","message":"the host has no op ``"}"#,
        ),
        (
            "control_characters",
            r#"ok {"code":"op_404","message":"the host has no op `a\u0000b\nc\u001b[2J\"`"}"#,
        ),
        ("name_not_utf8", utf8),
        ("name_beyond", beyond),
        (
            "reserved",
            r#"ok {"code":"op_404","message":"the host has no op `wit-wire:nothing`"}"#,
        ),
        (
            "file_where_there_are_none",
            r#"ok {"code":"op_404","message":"the host has no op `wit-wire:file`"}"#,
        ),
        (
            "no_json",
            r#"ok {"code":"op_400","message":"invalid payload for `echo`: "#,
        ),
        (
            "empty_json",
            r#"ok {"code":"op_400","message":"invalid payload for `echo`: EOF"#,
        ),
        ("json_not_utf8", utf8),
        ("json_of_length_2_32", beyond),
        (
            "deep_json",
            r#"ok {"code":"op_400","message":"invalid payload for `echo`: recursion limit exceeded"#,
        ),
        ("large_json", payload),
        ("large_name", payload),
        (
            "panicking",
            r#"ok {"code":"op_500","message":"the host's op `panics` panicked"}"#,
        ),
        ("left_behind", "ok []"),
        ("flood", "limit Hostcalls 1000"),
        ("flood_of_panics", "limit Hostcalls 1000"),
        ("answer_beyond", "failed: pointer out of bounds"),
        ("answer_unaligned", "failed: pointer not aligned"),
        (
            "panic_that_was_none",
            "trap: wasm trap: out of bounds memory access",
        ),
    ];
    let mut cases = deeds
        .map(|(deed, expected)| at(text, deed, Place::Handle, expected))
        .to_vec();
    let leave = "trap: wasm trap: cannot leave component instance";
    for (place, expected) in [
        (Place::Start, "trap: wasm trap: uninitialized element"),
        (Place::InitRealloc, leave),
        // The answer lies where init's is, which it makes a `false`.
        (Place::Init, "init: the guest reports that it is not ready"),
        (Place::InitPost, leave),
        (Place::HandleRealloc, leave),
        (Place::Post, leave),
    ] {
        cases.push(at(text, "unknown", place, expected));
        // The answer of this one is thrown away.
        cases.push(at(text, "left_behind", place, expected));
    }
    run("hostcalls", limits(), hostcalls, cases);

    let endless = ["flood_of_batches", "flood_of_the_same"];
    let endless = endless.map(|deed| at(text, deed, Place::Handle, "limit CpuTime 20"));
    run("hostcalls without end", short(), hostcalls, endless.into());
    let limits = limits().wall_time(Duration::from_millis(300));
    let never = at(text, "never_answered", Place::Handle, "limit WallTime 300");
    run(
        "hostcalls that are never answered",
        limits,
        hostcalls,
        vec![never],
    );
}

#[test]
fn the_sandbox_has_nothing_and_gives_no_more_than_its_limits() {
    let text = include_str!("evil/wasi.wat");
    let handles = "limit Handles 10000";
    let unknown = "failed: unknown handle index";
    let deeds = [
        ("exit_well", "exit 0"),
        ("exit_badly", "exit 1"),
        ("exit_otherwise", "failed: invalid expected discriminant"),
        ("environment", "ok"),
        ("arguments", "ok"),
        ("directories", "ok"),
        ("cwd", "ok"),
        ("tcp", "ok"),
        ("udp", "ok"),
        ("name_lookup", "ok"),
        ("stdin", "ok"),
        (
            "random_4_gib",
            "failed: requested len 4294967296 exceeds limit 1048576",
        ),
        (
            "random_at_its_limit",
            "failed: requested len 1048577 exceeds limit 1048576",
        ),
        ("clocks_without_end", handles),
        ("streams_without_end", handles),
        ("networks_without_end", handles),
        ("pollables_without_end", handles),
        ("sockets_without_end", "ok"),
        ("poll_nothing", "failed: empty poll list"),
        ("poll_unknown", unknown),
        ("poll_a_thousand", "ok"),
        ("poll_a_million", "limit HostcallPayload 16384"),
        ("poll_all_there_is_room_for", "limit HostcallPayload 16384"),
        ("much_output", "ok"),
        (
            "zeroes_without_end",
            "failed: cannot write more zeroes than `check_write` allows",
        ),
        ("write_closed", unknown),
        ("close_what_is_waited_for", "failed: resource has children"),
    ];
    let mut cases = deeds
        .map(|(deed, expected)| at(text, deed, Place::Handle, expected))
        .to_vec();
    cases.extend([Place::Start, Place::Init].map(|place| at(text, "exit_badly", place, "exit 1")));
    cases.push(at(text, "clocks_without_end", Place::Init, handles));
    run("sandbox", limits().memory(256 << 20), alone, cases);

    let limits = limits().wall_time(Duration::from_millis(300));
    let deeds = ["sleep_for_ever", "poll_for_ever"];
    let cases = deeds.map(|deed| at(text, deed, Place::Handle, "limit WallTime 300"));
    run("sleep for ever", limits, alone, cases.into());
}

#[test]
fn json_that_becomes_much_is_refused_before_it_is_parsed() {
    let text = include_str!("evil/json.wat");
    let deeds = ["lists", "numbers", "objects"];
    let cases = deeds.map(|deed| at(text, deed, Place::Handle, "limit JsonNodes 250000"));
    let limits = limits().memory(64 << 20).hostcall_payload(32 << 20);
    run("JSON in a hostcall", limits, hostcalls, cases.into());

    let cases = deeds.map(|deed| {
        at(
            text,
            &format!("batch_of_{deed}"),
            Place::Handle,
            "limit JsonNodes 250000",
        )
    });
    run("JSON in a batch", limits, hostcalls, cases.into());

    // Longer than it may be is not even copied.
    let cases = ["large", "large_name"]
        .map(|deed| at(text, deed, Place::Handle, "limit HostcallPayload 16384"));
    let limits = limits.hostcall_payload(16 << 10);
    run("hostcalls of any length", limits, hostcalls, cases.into());
    let cases = vec![at(
        text,
        "large_answer",
        Place::Handle,
        "limit Output 16384",
    )];
    run("answers of any length", limits, hostcalls, cases);
}

fn hostcalls(host: HostBuilder) -> HostBuilder {
    host.hostcall(
        "echo",
        async |_: HostcallContext, value: serde_json::Value| Ok::<_, HostcallError>(value),
    )
    .hostcall(
        "panics",
        async |_: HostcallContext, value: serde_json::Value| {
            assert!(value.is_string(), "the host's own fault");
            Ok::<_, HostcallError>(value)
        },
    )
    .hostcall(
        "never",
        async |_: HostcallContext, value: serde_json::Value| {
            std::future::pending::<()>().await;
            Ok::<_, HostcallError>(value)
        },
    )
}
