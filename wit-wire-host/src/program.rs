//! A component with the ops it was initialised with, and its functions as callers hold them.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::call::{Call, Settings};
use crate::capture::Output;
use crate::component::Component;
use crate::error::{Error, Phase};
use crate::instance::{Instance, PROTOCOL_VERSION};
use crate::limits::Limits;
use crate::op::Op;
use crate::run::Run;

/// What calls of a program see of each other. Names the meaning; how it is done depends on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Isolation {
    /// Every call sees the state that `init` left. Two calls can't see each other, and run side by side.
    #[default]
    PerCall,
    /// Calls share live state, as in a long-running process, and take turns in the order they were made. The program
    /// keeps one instance; a call that ends it (a trap, a limit reached while it runs, a cancelled call) loses the state, and the next call
    /// starts from a new one. A hostcall that calls the same program waits for its own caller, until the deadline.
    Shared,
}

/// A component plus the ops it was initialised with. Cheap to clone.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    component: Component,
    ops: Vec<Op>,
    version: String,
    isolation: Isolation,
    /// Under [`Isolation::Shared`], the instance all calls share.
    shared: Mutex<Option<Instance>>,
}

/// Configures a [`Program`].
///
/// - isolation: [`Isolation::PerCall`]
/// - version: [`PROTOCOL_VERSION`]
/// - limits of the first `init`: the host's
pub struct ProgramBuilder {
    component: Component,
    ops: Vec<Op>,
    version: String,
    isolation: Isolation,
    limits: Limits,
}

impl Component {
    /// A program of this component with `ops`.
    pub fn program(&self, ops: impl IntoIterator<Item = Op>) -> ProgramBuilder {
        ProgramBuilder {
            component: self.clone(),
            ops: ops.into_iter().collect(),
            version: PROTOCOL_VERSION.to_owned(),
            isolation: Isolation::default(),
            limits: *self.host.limits(),
        }
    }
}

impl ProgramBuilder {
    /// What calls see of each other.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// The version to ask the guest for (`metatype-version` on the wire).
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The limits of the first `init`.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Initialises the ops once, so that what is wrong with them is known now and not at the first call.
    ///
    /// Cancel safe: a dropped future leaves nothing behind.
    pub async fn build(self) -> Result<Program, Error> {
        let Self {
            component,
            ops,
            version,
            isolation,
            limits,
        } = self;
        let program = Program(Arc::new(Inner {
            component,
            ops,
            version,
            isolation,
            shared: Mutex::new(None),
        }));
        let first = program
            .fresh(&Run::new(limits), &mut Used::default())
            .await?;
        if isolation == Isolation::Shared {
            *program.0.shared.lock().await = Some(first);
        }
        Ok(program)
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    pub fn build_blocking(self) -> Result<Program, Error> {
        crate::blocking::block_on(self.build())?
    }
}

impl Program {
    /// The function that the op `op` is.
    pub fn function(&self, op: &str) -> Result<Function, Error> {
        let ops = &self.0.ops;
        match ops.iter().find(|known| *known.name == *op) {
            Some(found) => Ok(Function {
                program: self.clone(),
                op: found.name.clone(),
            }),
            None => {
                let known = ops.iter().map(|op| op.name().to_owned()).collect();
                Err(Error::UnknownOp {
                    op: op.to_owned(),
                    known,
                })
            }
        }
    }

    /// The program's functions, in the order of its ops.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        self.0.ops.iter().map(|op| Function {
            program: self.clone(),
            op: op.name.clone(),
        })
    }

    /// What calls of the program see of each other.
    pub fn isolation(&self) -> Isolation {
        self.0.isolation
    }

    pub(crate) fn host_limits(&self) -> &Limits {
        self.0.component.host.limits()
    }

    /// A new instance with the ops initialised.
    async fn fresh(&self, run: &Run, used: &mut Used) -> Result<Instance, Error> {
        used.cold = true;
        let mut instance = self.0.component.instantiate(run).await?;
        let result = instance.init(run, &self.0.ops, &self.0.version).await;
        if result.is_err() {
            used.note(&mut instance);
        }
        result.map(|()| instance)
    }

    /// Runs `op` on an instance that the isolation allows, and notes in `used` what it used.
    ///
    /// What is rare or slow has a box of its own: the future of each call is moved, and should be small.
    pub(crate) async fn run(
        &self,
        run: &Run,
        op: &Arc<str>,
        input: Arc<str>,
        used: &mut Used,
    ) -> Result<String, Error> {
        match self.0.isolation {
            Isolation::PerCall => {
                let mut instance = Box::pin(self.fresh(run, used)).await?;
                let result = instance.handle(run, op, input).await;
                used.note(&mut instance);
                result
            }
            Isolation::Shared => {
                let shared = match self.0.shared.try_lock() {
                    Ok(free) => Ok(free),
                    Err(_) => Box::pin(run.drive(self.0.shared.lock())).await,
                };
                let mut shared =
                    Slot(shared.map_err(|stop| stop.into_error(Phase::Handle, Some(op)))?);
                if shared.0.is_none() {
                    *shared.0 = Some(Box::pin(self.fresh(run, used)).await?);
                }
                let Some(instance) = &mut *shared.0 else {
                    return Err(Error::InstanceEnded);
                };
                let result = instance.handle(run, op, input).await;
                used.note(instance);
                result
            }
        }
    }
}

/// The place of the shared instance while a call holds it. One that ended is dropped with the call, also with a cancelled
/// one: it would keep its memory, and its room in the host, until the next call.
struct Slot<'a>(MutexGuard<'a, Option<Instance>>);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.take_if(|instance| !instance.is_alive());
    }
}

/// What a call used, as far as its instance tells.
#[derive(Default)]
pub(crate) struct Used {
    pub(crate) cold: bool,
    pub(crate) memory: usize,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

impl Used {
    fn note(&mut self, instance: &mut Instance) {
        self.memory = instance.memory();
        (self.stdout, self.stderr) = instance.take_output();
    }
}

/// One op of a program. Cheap to clone; calls may run side by side.
#[derive(Clone)]
pub struct Function {
    pub(crate) program: Program,
    pub(crate) op: Arc<str>,
}

impl Function {
    /// The op's name.
    pub fn name(&self) -> &str {
        &self.op
    }

    /// The program that the function belongs to.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// A call with `input` as JSON through serde, whose output is read as an `O`. Await it, or
    /// [`blocking`](Call::blocking) it.
    pub fn call<I, O>(&self, input: &I) -> Call<'_, O>
    where
        I: serde::Serialize + ?Sized,
        O: serde::de::DeserializeOwned,
    {
        let encode = |source| Error::Encode {
            op: self.op.as_ref().to_owned(),
            source,
        };
        let input = serde_json::to_string(input).map(Arc::from).map_err(encode);
        Call {
            function: self,
            input,
            settings: Settings::default(),
            decode: |json| serde_json::from_str(&json),
        }
    }

    /// A call with JSON text in and out, neither of which the host reads.
    pub fn call_raw(&self, input: impl Into<Arc<str>>) -> Call<'_, String> {
        Call {
            function: self,
            input: Ok(input.into()),
            settings: Settings::default(),
            decode: Ok,
        }
    }
}
