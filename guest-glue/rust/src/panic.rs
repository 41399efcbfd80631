//! What becomes of a panic: an error with its message and place.
//!
//! Where panics unwind, they are caught. On today's WebAssembly targets they abort, and the instance with them; there the
//! host is told first, with the hostcall `wit-wire:panic`, and reports what it was told.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};

thread_local! {
    static LATEST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Bytes of a panic's text. As JSON it may be six times as long, and hosts take 64 KiB.
const LONGEST: usize = 10_000;

/// Has panics reported from here on.
pub(crate) fn report() {
    if cfg!(target_family = "wasm") {
        set_hook(Box::new(note));
    }
}

fn note(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a value that is no text");
    let place = info
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let mut text = format!("panicked{place}: {message}");
    text.truncate(text.floor_char_boundary(LONGEST));
    if cfg!(panic = "unwind") {
        LATEST.set(text);
    } else if let Ok(json) = serde_json::to_string(&text) {
        // A host that does not know this hostcall says so, and the trap comes all the same.
        let _ =
            crate::bindings::metatype::wit_wire::typegate_wire::hostcall("wit-wire:panic", &json);
    }
}

/// Runs user code; a panic in it is its text.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let noted = LATEST.take();
        if noted.is_empty() {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            format!("panicked: {}", text.unwrap_or("a value that is no text"))
        } else {
            noted
        }
    })
}
