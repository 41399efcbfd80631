//! What is under load: both runtimes in one process, the components, and hostcalls of every sort.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use python_cli::guest;
use python_runtime::{Function, PoolConfig, PoolStats, PythonRuntime};
use wasm_runtime::{Compiler, Component, HostcallContext, HostcallError, WasmRuntime};

use super::verdict::Rest;
use crate::shell;

pub(super) struct Hosts {
    pub(super) python: PythonRuntime,
    wasm: WasmRuntime,
    pub(super) rust: Component,
    pub(super) shop: Component,
    pub(super) c: Component,
    pub(super) javascript: Component,
    /// What the hostcall `nest` calls.
    nested: Nested,
}

/// After so much time an idle instance is given back: soon, so that there comes a moment without
/// any.
const IDLE: Duration = Duration::from_secs(1);

type Nested = Arc<Mutex<Option<Function>>>;

/// Adds the hostcalls to a builder; those of both runtimes are alike and have no trait in common.
macro_rules! with_hostcalls {
    ($builder:expr, $nested:expr) => {{
        let nested: Nested = $nested;
        let nest = move |_: HostcallContext, input: i64| nest(nested.clone(), input);
        $builder
            .hostcall("double", double)
            .hostcall("fail", fail)
            .hostcall("panic", panic)
            .hostcall("never", never)
            .hostcall("price", price)
            .hostcall("nest", nest)
    }};
}

async fn double(_: HostcallContext, input: i64) -> Result<i64, HostcallError> {
    // Some take a while.
    if input % 5 == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(2 * input)
}

async fn fail(_: HostcallContext, input: i64) -> Result<i64, HostcallError> {
    Err(HostcallError::new("soak", format!("no {input}")))
}

async fn panic(_: HostcallContext, _: i64) -> Result<i64, HostcallError> {
    // A panic that is reported to nobody.
    std::panic::resume_unwind(Box::new(()))
}

async fn never(_: HostcallContext, _: i64) -> Result<i64, HostcallError> {
    std::future::pending().await
}

async fn price(_: HostcallContext, sku: String) -> Result<f64, HostcallError> {
    Ok(sku.len() as f64)
}

async fn nest(nested: Nested, input: i64) -> Result<i64, HostcallError> {
    let function = lock(&nested).clone();
    let function = function.ok_or_else(|| HostcallError::new("soak", "nothing to nest"))?;
    let answer = function.call::<_, i64>(&input).await;
    answer.map_err(|error| HostcallError::new("nested", error.to_string()))
}

fn lock(nested: &Nested) -> std::sync::MutexGuard<'_, Option<Function>> {
    nested.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hosts {
    pub(super) async fn new() -> Result<Self> {
        let nested = Nested::default();
        let pool = PoolConfig::default().idle_time(IDLE);
        let python = PythonRuntime::builder().archive(guest()?).pool(pool);
        let python = with_hostcalls!(python, nested.clone()).build()?;
        let wasm = WasmRuntime::builder()
            .compiler(Compiler::InProcess)
            .pool(pool);
        let wasm = with_hostcalls!(wasm, nested.clone()).build()?;
        let component =
            |name: &str| wasm.component_from_path(shell::guests().join(format!("{name}.wasm")));
        Ok(Self {
            rust: component("rust").await?,
            shop: component("rust-shop").await?,
            c: component("c").await?,
            javascript: component("javascript").await?,
            nested,
            python,
            wasm,
        })
    }

    /// What the hostcall `nest` calls from now on. It refers to its host: nothing is freed while it
    /// is there.
    pub(super) fn nest(&self, function: Option<Function>) {
        let before = std::mem::replace(&mut *lock(&self.nested), function);
        drop(before);
    }

    pub(super) fn stats(&self) -> [PoolStats; 2] {
        [self.python.stats(), self.wasm.stats()]
    }

    /// What is held when all calls are over and all idle instances were given back, or when long
    /// enough was waited for that.
    pub(super) async fn rest(&self) -> Rest {
        const PATIENCE: usize = 300;
        let mut before = None;
        for _ in 0..PATIENCE {
            let (now, stats) = (self.held(), self.stats());
            let is_idle = |stats: &PoolStats| stats.idle == 0 && stats.in_flight == 0;
            if stats.iter().all(is_idle) && before == Some(now) {
                break;
            }
            before = Some(now);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.held()
    }

    fn held(&self) -> Rest {
        let stats = self.stats();
        Rest {
            descriptors: descriptors(),
            instances: stats.iter().map(|stats| stats.live).sum(),
            calls: stats.iter().map(|stats| stats.in_flight).sum(),
        }
    }
}

/// Bytes of this process in memory, where the system tells.
pub(super) fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// Open file descriptors, where the system tells.
pub(super) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
