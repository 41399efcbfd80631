//! What must hold for any bytes: the checks of the fuzz targets (`fuzz/`), which run as tests too.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a check fails by panicking, and is no part of the API"
)]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::memory::ImageBounds;
use crate::memory::{self, Image, PAGE, PageStore};
use crate::sandbox::hostcalls::{Router, exchange};
use crate::{HostcallContext, HostcallError, Limit, Limits, Meter, Payload, Snapshot};

/// Bytes of a page of WebAssembly's.
const WASM_PAGE: usize = 64 << 10;

/// A snapshot's bytes are refused with a reason, or hold an image that can be loaded into memory,
/// unloaded, told from others and written again. No line of it lies outside the memory that it is
/// for.
pub fn snapshot(bytes: &[u8]) {
    image_of(bytes);
    if let Some(sealed) = sealed(bytes) {
        image_of(&sealed);
    }
}

/// The same with a digest that is right, as a forger would make it.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = bytes.split_at_checked(48)?;
    let digest = blake3::hash(rest);
    Some([start.get(..16)?, digest.as_bytes(), rest].concat())
}

/// The same for a parked call, whose header is also what a run goes on from: with the hostcalls
/// that it waits for, what it had used, its clock and its random numbers.
pub fn parked(bytes: &[u8]) {
    parked_of(bytes);
    if let Some(sealed) = sealed(&measured(bytes)) {
        parked_of(&sealed);
    }
}

fn parked_of(bytes: &[u8]) {
    let Ok((framed, length)) = crate::parked_call::read(bytes.to_vec()) else {
        return;
    };
    crate::parked_call::go_on(&framed.header);
    image_in(length, framed.pages());
}

/// The same with the header's length set to where its JSON ends, if it does.
fn measured(bytes: &[u8]) -> Vec<u8> {
    let rest = bytes.get(48..).unwrap_or_default();
    let mut values =
        serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
    let is_json = matches!(values.next(), Some(Ok(_)));
    let mut measured = bytes.to_vec();
    if let Some(length) = measured.get_mut(12..16).filter(|_| is_json) {
        length.copy_from_slice(&(values.byte_offset() as u32).to_le_bytes());
    }
    measured
}

fn image_of(bytes: &[u8]) {
    if let Ok(snapshot) = Snapshot::from_bytes(bytes.to_vec()) {
        image_in(snapshot.memory(), snapshot.pages());
    }
}

/// What is said to be the `pages` of a memory of `length` bytes.
fn image_in(length: usize, given: &[u8]) {
    static BLANK: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let byte = |at: usize| (at / PAGE * 7 + at % 251) as u8;
        (0..WASM_PAGE).map(byte).collect()
    });
    let blank = BLANK.as_slice();
    // Hosts compare it with the limit that instances have.
    if length > 4 * WASM_PAGE {
        return;
    }
    let known = PageStore::default();
    let Ok(image) = Image::read(blank, length, given, &known, ImageBounds::NONE) else {
        return;
    };
    let whole = 0..length;
    let all = std::slice::from_ref(&whole);
    let begin = || {
        let mut memory = blank.to_vec();
        memory.resize(length, 0);
        memory
    };

    let mut memory = begin();
    image.load(&mut memory).expect("lines are written");
    assert!(memory::is_state(blank, Some(&image), &memory));
    let state = memory.clone();
    image.unload(blank, &mut memory);
    assert_eq!(memory, begin());

    memory.fill(0xa5);
    memory::restore(blank, Some(&image), &mut memory, all);
    assert_eq!(memory, state);

    let mut pages = Vec::new();
    image.write(blank, &mut pages);
    assert_eq!(pages, given);
    // A forged one may have lines that do not differ from pristine ones.
    let again = Image::between(blank, None, &state, all, &known);
    assert!(memory::is_state(blank, Some(&again), &state));
    assert!(again.size().0 <= image.size().0);
}

/// What a guest asks for together is answered, refused, or ends its run by a limit. Each answer is
/// to a call that was made, and what the guest can read is what there is.
///
/// The bytes are payloads of exchanges, separated by 0.
pub fn batch(bytes: &[u8]) {
    static TIMERS: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime")
    });
    let _timers = TIMERS.enter();
    let meter = Meter::new(Limits::default().hostcalls(40).hostcall_payload(4096));
    let router = Arc::new(router());
    let context = HostcallContext {
        op: None,
        deadline: None,
        value: None,
    };
    let mut asked: HashMap<u64, Vec<Call>> = HashMap::new();
    for payload in bytes.split(|byte| *byte == 0) {
        let Ok(payload) = std::str::from_utf8(payload) else {
            return;
        };
        if let Ok(request) = serde_json::from_str::<Request>(payload) {
            // A guest may use an id again, also where it is refused.
            for call in request.calls {
                asked.entry(call.id).or_default().push(call);
            }
        }
        // What waits would be ended by the run's deadline.
        let answers = exchange(&meter, &router, &context, payload);
        match answers.now_or_never() {
            None => {}
            Some(Err(exceeded)) => {
                let limits = [Limit::Hostcalls, Limit::HostcallPayload];
                assert!(limits.contains(&exceeded.limit), "{exceeded}");
                return;
            }
            Some(Ok(Err(error))) => assert_eq!(error.code, "op_400", "{error}"),
            Some(Ok(Ok(json))) => {
                let answers: Vec<Answer> = serde_json::from_str(&json).expect("answers");
                for answer in answers {
                    let calls = asked.get(&answer.id).expect("an answer to a call");
                    let fits = |call: &Call| answer.fits(call);
                    assert!(calls.iter().any(fits), "{json} to {calls:?}");
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    id: u64,
    op: String,
    payload: Box<RawValue>,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    ok: Option<Box<RawValue>>,
    err: Option<HostcallError>,
}

impl Answer {
    fn fits(&self, call: &Call) -> bool {
        let ok = self.ok.as_ref().map(|json| json.get());
        match (&*call.op, ok, &self.err) {
            ("echo", Some(ok), None) => ok == call.payload.get(),
            ("wit-wire:file", Some(ok), None) => ok == "\"text\"",
            ("wit-wire:files", Some(ok), None) => ["[]", "[\"folder/file\"]"].contains(&ok),
            (_, None, Some(error)) => !error.code.is_empty(),
            _ => false,
        }
    }
}

fn router() -> Router {
    let mut router = Router::default();
    router.fallback(Echo);
    let never = async |_, _: Value| std::future::pending().await;
    router.add::<_, Value, _, _>("never".to_owned(), never);
    let fail =
        async |_, cause: Value| Err(HostcallError::new("failed", "as asked").with_cause(cause));
    router.add::<_, Value, _, _>("fail".to_owned(), fail);
    let file = ("folder/file".to_owned(), b"text".to_vec());
    router.files.extend([file]);
    router
}

struct Echo;

impl crate::Hostcalls for Echo {
    async fn call(
        &self,
        _: HostcallContext,
        op: String,
        payload: Payload,
    ) -> Result<Payload, HostcallError> {
        match &*op {
            "echo" => Ok(payload),
            op => Err(HostcallError::new("op_404", op)),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn snapshots() {
        mutations::run("snapshot", 10_000, super::snapshot);
    }

    #[test]
    fn parked_calls() {
        mutations::run("parked", 10_000, super::parked);
    }

    #[test]
    fn batches() {
        mutations::run("batch", 10_000, super::batch);
    }
}
