//! Python: the runtime, and the function that is called.

use std::time::Duration;

use python_runtime::{Function, HostcallContext, HostcallError};
use python_runtime::{PoolConfig, PythonRuntime, PythonSource};
use serde_json::{Value, json};

/// The source of the function `add`.
pub const ADD: &str = "def add(x):\n    return {'sum': x['a'] + x['b']}\n";

/// An input for it.
pub fn sum() -> Value {
    json!({"a": 1, "b": 2})
}

/// A runtime that answers the hostcall `same` with what it was given, and `wait` after as many
/// milliseconds as it is given.
pub fn runtime(pool: PoolConfig) -> PythonRuntime {
    let same = async |_: HostcallContext, payload: Value| Ok::<_, HostcallError>(payload);
    let wait = async |_: HostcallContext, milliseconds: u64| {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok::<_, HostcallError>(())
    };
    let runtime = PythonRuntime::builder().hostcall("same", same);
    let runtime = runtime.hostcall("wait", wait).pool(pool).build();
    runtime.expect("`cargo xtask bench` builds the guest first")
}

/// `add`, each call on clean state.
pub async fn add(runtime: &PythonRuntime) -> Function {
    let function = runtime.function(PythonSource::def("add", ADD)).await;
    function.expect("a function")
}

/// A runtime's state when nothing goes on, to wait for its return: all instances are back that
/// calls had.
#[derive(Debug)]
pub struct Quiet {
    runtime: PythonRuntime,
    busy: usize,
}

impl Quiet {
    /// What is busy a little later, when nothing is called, will always be.
    pub async fn of(runtime: &PythonRuntime) -> Self {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Self {
            busy: busy(runtime),
            runtime: runtime.clone(),
        }
    }

    /// Waits for it, without sleeping.
    pub async fn wait(&self) {
        while busy(&self.runtime) > self.busy {
            tokio::task::yield_now().await;
        }
    }
}

fn busy(runtime: &PythonRuntime) -> usize {
    let stats = runtime.stats();
    stats.live.saturating_sub(stats.idle)
}
