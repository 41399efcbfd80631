//! Turns a panic into an error with its message and location.
//!
//! Where panics unwind, they are caught. On today's WebAssembly targets they abort, and the
//! instance ends with them. There the message goes to the host first, with the hostcall
//! `wit-wire:panic`, and the host reports it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

thread_local! {
    static LATEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// In bytes: longer messages are cut. As JSON one may be six times as long, and hosts accept 64
/// KiB.
const LONGEST: usize = 10_000;

/// From here on, panics are reported.
pub(crate) fn report() {
    if cfg!(target_family = "wasm") {
        set_hook(Box::new(note));
    }
}

fn note(info: &PanicHookInfo<'_>) {
    let message = info
        .payload_as_str()
        .unwrap_or("a value that is not a string");
    let place = info
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let mut text = format!("panicked{place}: {message}");
    text.truncate(text.floor_char_boundary(LONGEST));
    if cfg!(panic = "unwind") {
        LATEST.set(text);
    } else if let Ok(json) = serde_json::to_string(&text) {
        // A host that does not know this hostcall refuses it; the trap follows in any case.
        let _ =
            crate::bindings::metatype::wit_wire::typegate_wire::hostcall("wit-wire:panic", &json);
    }
}

/// Runs user code. A panic in it is an error with its message.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let noted = LATEST.take();
        if noted.is_empty() {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            format!(
                "panicked: {}",
                text.unwrap_or("a value that is not a string")
            )
        } else {
            noted
        }
    })
}
