//! Misbehaviour that a limit ends.

use std::time::Duration;

use python_runtime::{
    CallError, Error, Limit, Limits, Phase, ProgramError, PythonRuntime, PythonSource,
};
use serde_json::Value;

use crate::is_limit;

#[tokio::test]
async fn misbehaviour_is_limited_and_the_next_call_works() {
    let limits = Limits::default()
        .cpu_time(Duration::from_millis(200))
        .memory(64 << 20);
    let runtime = PythonRuntime::builder().limits(limits).build().unwrap();
    let source = r"
import os, time

def f(how):
    exec(how)
    return 'fine'
";
    let source = PythonSource::def("f", source);
    let function = runtime.function(source).await.unwrap();
    type Expected = fn(&CallError) -> bool;
    let cpu_time: Expected = |error| is_limit(error, Limit::CpuTime, 200);
    let memory: Expected = |error| is_limit(error, Limit::Memory, 64 << 20);
    let exit: Expected = |error| matches!(error, CallError::Exit { code: 1, .. });
    let abort: Expected = |error| matches!(error, CallError::Trap { .. });
    for (how, expected) in [
        ("while True: pass", cpu_time),
        ("sum(range(10**12))", cpu_time),
        ("bytearray(10**9)", memory),
        ("l = []\nwhile True: l.append('x' * 10**6)", memory),
        ("os._exit(3)", exit),
        ("os.abort()", abort),
    ] {
        let error = function.call::<_, Value>(&how).await.unwrap_err();
        assert!(expected(&error), "{how}: {error}");
        assert_eq!(function.call::<_, String>(&"").await.unwrap(), "fine");
    }
    let short = limits.wall_time(Duration::from_millis(100));
    let sleep = function.call::<_, Value>(&"time.sleep(60)").limits(short);
    let error = sleep.await.unwrap_err();
    assert!(is_limit(&error, Limit::WallTime, 100), "{error}");

    let endless = PythonSource::def("f", "while True: pass");
    let error = runtime.function(endless).await.err().unwrap();
    let Error::Program(ProgramError::Run(error)) = &error else {
        panic!("{error}")
    };
    let in_init = matches!(
        error,
        CallError::Limit {
            phase: Phase::Init,
            ..
        }
    );
    assert!(in_init && cpu_time(error), "{error}");
}
