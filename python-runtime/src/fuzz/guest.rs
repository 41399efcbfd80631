//! Checks that use the real guest.

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use wit_wire_host::Op;

use crate::host_module::{self, check};
use crate::{
    CallError, Error, Function, Isolation, Limits, ModuleDescription, PoolConfig, ProgramError,
    PythonRuntime, PythonSource, Snapshot,
};

static RUNTIME: LazyLock<PythonRuntime> = LazyLock::new(|| {
    let limits = Limits::default()
        .wall_time(Duration::from_secs(600))
        .cpu_time(Duration::from_millis(500))
        .wait(Duration::from_secs(600))
        .memory(64 << 20);
    let pool = PoolConfig::default().verify(true);
    let runtime = PythonRuntime::builder().limits(limits).pool(pool);
    runtime.build().expect("the guest")
});

/// A correct function, whose answer does not depend on what other programs did before.
static SOUND: LazyLock<Function> = LazyLock::new(|| {
    let source = r"
seen = []

def sound(x):
    seen.append(x)
    return [len(seen), x]
";
    let source = PythonSource::def("sound", source);
    RUNTIME.function_blocking(source).expect("sound source")
});

fn others_are_sound() {
    let answer: Value = SOUND.call("text").run_blocking().expect("an answer");
    assert_eq!(answer, json!([1, "text"]));
    assert_eq!(RUNTIME.stats().discarded.unclean, 0);
}

/// Checks how a run of hostile code ended: in one of the errors that a guest can cause.
fn may_end_so(error: &CallError) {
    match error {
        CallError::Handler { .. }
        | CallError::Panicked { .. }
        | CallError::Init { .. }
        | CallError::UnexpectedOp { .. }
        | CallError::NoHandler { .. }
        | CallError::InvalidInput { .. }
        | CallError::Limit { .. }
        | CallError::Exit { .. }
        | CallError::Trap { .. } => {}
        error => panic!("{error:?}"),
    }
}

/// JSON leaves the guest as it went in, and anything else is rejected.
pub fn value(bytes: &[u8]) {
    static ECHO: LazyLock<Function> = LazyLock::new(|| {
        let echo = PythonSource::lambda("lambda x: x");
        RUNTIME.function_blocking(echo).expect("sound source")
    });
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let echoed = ECHO.call_raw(text).run_blocking();
    match (serde_json::from_str::<Value>(text), echoed) {
        (Ok(value), Ok(echoed)) => {
            let echoed = echoed.deserialize().expect("JSON");
            assert!(is_same(&value, &echoed), "{value} and {echoed}");
        }
        (Err(_), Err(CallError::InvalidInput { .. })) => {}
        // Python accepts larger numbers and deeper values than serde.
        (Err(error), Ok(_)) => {
            let error = error.to_string();
            let larger = ["number out of range", "recursion limit exceeded"];
            assert!(larger.iter().any(|more| error.starts_with(more)), "{error}");
        }
        // Serde accepts more digits than Python.
        (Ok(_), Err(CallError::InvalidInput { message, .. })) => {
            assert!(
                message.contains("Exceeds the limit (4300 digits)"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// Equality that allows for serde's floats to differ in the last digit.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() => {
            let (one, other) = (one.as_f64(), other.as_f64());
            let (Some(one), Some(other)) = (one, other) else {
                return false;
            };
            (one - other).abs() <= one.abs() * 1e-15
        }
        _ => one == other,
    }
}

/// Op data becomes a function or is rejected; what such a function does is not checked.
pub fn op_data(bytes: &[u8]) {
    let Ok(data) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let op = Op::new("f").with_data(&data);
    let program = RUNTIME.guest.program([op]).build_blocking();
    let called = program.and_then(|program| {
        let function = program.function("f")?;
        Ok(function.call_raw("1").run_blocking()?)
    });
    match called {
        Ok(json) => {
            let _: Value = json.deserialize().expect("JSON");
        }
        Err(ProgramError::Run(error)) => {
            may_end_so(&error);
            if let CallError::Init { .. } = error {
                let error = Error::from(error);
                assert!(matches!(error, Error::Python { .. }), "{error:?}");
            }
        }
        Err(error) => panic!("{error:?}"),
    }
    others_are_sound();
}

/// A forged program can harm itself, but no other program.
///
/// The bytes are changes to a real snapshot: an offset (4 bytes) and what is written there (4
/// bytes).
pub fn program(bytes: &[u8]) {
    static GENUINE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let snapshot = pin!(SOUND.program().snapshot());
        match snapshot.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(snapshot) => snapshot.expect("a snapshot").into_bytes().into(),
            Poll::Pending => panic!("all instances are idle"),
        }
    });
    const PREFIX: usize = 48;
    let mut forged = GENUINE.clone();
    let length = forged.len() - PREFIX;
    for change in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, new @ ..] = *change;
        let at = PREFIX + u32::from_le_bytes([a, b, c, d]) as usize % length;
        forged
            .iter_mut()
            .skip(at)
            .zip(new)
            .for_each(|(byte, new)| *byte = new);
    }
    let digest = blake3::hash(forged.get(PREFIX..).unwrap_or_default());
    forged.splice(16..PREFIX, *digest.as_bytes());
    let restored = Snapshot::from_bytes(forged).map_err(ProgramError::from);
    let restored = restored.and_then(|snapshot| RUNTIME.guest.restore(&snapshot));
    let program = restored.and_then(|builder| builder.build_blocking());
    match program {
        Ok(program) => {
            for function in program.functions() {
                if let Err(error) = function.call_raw("\"text\"").run_blocking() {
                    may_end_so(&error);
                }
            }
        }
        Err(ProgramError::Run(error)) => may_end_so(&error),
        Err(
            ProgramError::Snapshot(_) | ProgramError::ReservedOp(_) | ProgramError::DuplicateOp(_),
        ) => {}
        Err(error) => panic!("{error:?}"),
    }
    others_are_sound();
}

/// Python code that finds statements in generated source that do not belong there. `tests/host`
/// shows the kinds that do.
const FOREIGN: &str = include_str!("foreign.py");

/// Any accepted description becomes valid Python that contains only what was described.
pub fn host_module(bytes: &[u8]) {
    static FIND: LazyLock<Function> = LazyLock::new(|| {
        let source = PythonSource::def("find", FOREIGN);
        let program = RUNTIME.program().function("find", source);
        let program = program.isolation(Isolation::Shared).build_blocking();
        program
            .and_then(|program| Ok(program.function("find")?))
            .expect("sound source")
    });
    let Ok(module) = serde_json::from_slice::<ModuleDescription>(bytes) else {
        return;
    };
    let modules = [module];
    if let Err(error) = check(&modules) {
        return assert!(matches!(error, Error::HostName { .. }), "{error:?}");
    }
    for files in host_module::generated(&modules) {
        let found: Vec<String> = FIND
            .call(&json!([files, modules]))
            .run_blocking()
            .expect("an answer");
        assert!(found.is_empty(), "{found:#?}\n{files:#?}");
    }
}
