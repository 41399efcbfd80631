//! One case against one guest, through the real host.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use wasm_runtime::{
    CallError as Failure, Compiler, Component, HostcallContext, HostcallError, Hostcalls,
    Isolation, Limits, Op, PROTOCOL_VERSION, Payload, ProgramError, WasmRuntime,
};
use wit_wire_host::Meter;

use super::case::{Call, CallError, Case, Hostcall, InitError, same};

/// The cases have larger hostcalls than hosts accept by default.
const LIMITS: Limits = Limits::new().hostcall_payload(32 << 20);

/// How long an answer takes that is late: longer than a host waits that parks calls.
const LATE: Duration = Duration::from_millis(50);

/// What a host is asked for, and what it says. Cases run one after the other.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    expected: VecDeque<Hostcall>,
    /// The first hostcall that was not as expected.
    wrong: Option<String>,
}

impl Script {
    /// A runtime whose host follows the script.
    pub(super) fn runtime(&self) -> Result<WasmRuntime> {
        // Guests of whoever runs this.
        let runtime = WasmRuntime::builder()
            .compiler(Compiler::InProcess)
            .limits(LIMITS);
        Ok(runtime.hostcalls(self.clone()).build()?)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hostcall that comes next, if it is this one.
    fn next(&self, op: &str, payload: &str) -> Result<Hostcall, HostcallError> {
        let mut lines = self.lines();
        let asked = || format!("hostcall `{op}` with {}", shown(payload));
        let wrong = match lines.expected.pop_front() {
            None => format!("unexpected: {}", asked()),
            Some(expected) => {
                let wanted = expected.payload.clone().unwrap_or_default();
                let is_wanted = |payload| same(&wanted, &payload);
                if expected.op == op && serde_json::from_str(payload).is_ok_and(is_wanted) {
                    return Ok(expected);
                }
                let wanted = shown(&wanted.to_string());
                let got = asked();
                format!(
                    "expected hostcall `{}` with {wanted}, got {got}",
                    expected.op
                )
            }
        };
        lines.wrong.get_or_insert(wrong);
        let message = "the case has no such hostcall";
        Err(HostcallError::new("unexpected", message))
    }

    fn begin(&self, expected: Vec<Hostcall>) {
        *self.lines() = Lines {
            expected: expected.into(),
            wrong: None,
        };
    }

    fn end(&self) -> Result<()> {
        let lines = self.lines();
        if let Some(wrong) = &lines.wrong {
            bail!("{wrong}");
        }
        ensure!(
            lines.expected.is_empty(),
            "{} expected hostcalls were not made",
            lines.expected.len()
        );
        Ok(())
    }
}

impl Hostcalls for Script {
    async fn call(
        &self,
        _: HostcallContext,
        op: String,
        payload: Payload,
    ) -> Result<Payload, HostcallError> {
        let expected = self.next(&op, &payload.to_string())?;
        if expected.late {
            tokio::time::sleep(LATE).await;
        }
        Ok(expected.answer()?.to_string().into())
    }
}

/// Runs `case`; the error says what was expected and what came.
pub(super) async fn run(
    case: &Case,
    component: &Component,
    data: &Map<String, Value>,
    script: &Script,
) -> Result<()> {
    let data_of = |name| data.get(name).unwrap_or(&Value::Null);
    let names = case.ops();
    let ops: Vec<Op> = names
        .iter()
        .map(|name| Op::new(*name).with_data(data_of(*name)))
        .collect();
    let version = case.version.as_deref().unwrap_or(PROTOCOL_VERSION);

    // Functions of a program can't be asked for what was not initialised.
    let beyond = case.init.is_some() || case.calls.iter().any(|call| !names.contains(&&*call.op));
    script.begin(Vec::new());
    if beyond {
        let mut instance = component.instantiate(&Meter::new(LIMITS)).await?;
        let result = instance.init(&Meter::new(LIMITS), &ops, version).await;
        check_init(case, result)?;
        script.end().context("init")?;
        for call in &case.calls {
            let run = Meter::new(LIMITS);
            let op = Arc::from(call.op.as_str());
            let input = call.input()?;
            script.begin(call.hostcalls(&input)?);
            let result = instance.handle(&run, &op, input.as_str()).await;
            check(call, &input, result, script)?;
        }
        return Ok(());
    }
    let isolation = if case.one_instance {
        Isolation::Shared
    } else {
        Isolation::PerCall
    };
    let program = component.program(ops).version(version).isolation(isolation);
    let program = match program.build().await {
        Err(ProgramError::Run(Failure::UnexpectedOp { .. })) if case.optional => return Ok(()),
        program => program.context("init")?,
    };
    script.end().context("init")?;
    for call in &case.calls {
        let input = call.input()?;
        script.begin(call.hostcalls(&input)?);
        let result = program.function(&call.op)?.call_raw(input.as_str()).await;
        check(call, &input, result, script)?;
    }
    Ok(())
}

fn check_init(case: &Case, result: Result<(), ProgramError>) -> Result<()> {
    let fits = match (&case.init, &result) {
        (None, Ok(())) => true,
        (
            Some(InitError::VersionMismatch(expected)),
            Err(ProgramError::Run(Failure::VersionMismatch { guest, .. })),
        ) => guest == expected,
        (
            Some(InitError::UnexpectedMat(expected)),
            Err(ProgramError::Run(Failure::UnexpectedOp { op })),
        ) => op == expected,
        (Some(InitError::Other(op, part)), Err(ProgramError::Run(Failure::Init { message }))) => {
            message.contains(op) && message.contains(part)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let expected = match &case.init {
        None => "success".to_owned(),
        Some(InitError::VersionMismatch(version)) => format!("version-mismatch({version:?})"),
        Some(InitError::UnexpectedMat(op)) => format!("unexpected-mat with op `{op}`"),
        Some(InitError::Other(op, part)) => format!("other with {op:?} and {part:?} in it"),
    };
    match result {
        Ok(()) => bail!("init: expected {expected}, got success"),
        Err(error) => bail!("init: expected {expected}, got: {error}"),
    }
}

fn check(
    call: &Call,
    input: &str,
    result: Result<Payload, Failure>,
    script: &Script,
) -> Result<()> {
    let what = || format!("op `{}` with {}", call.op, shown(input));
    script.end().with_context(what)?;
    let expected = match (&call.output, call.same) {
        (Some(output), _) => Some(output.to_string()),
        (None, true) => Some(input.to_owned()),
        (None, false) => None,
    };
    match (result, expected) {
        (Ok(output), Some(expected)) => {
            let output = output.to_string();
            let fits = output == expected || equal(&output, &expected);
            ensure!(
                fits,
                "{}: expected {}, got {}",
                what(),
                shown(&expected),
                shown(&output)
            );
        }
        (Ok(output), None) => bail!(
            "{}: expected an error, got {}",
            what(),
            shown(&output.to_string())
        ),
        (Err(error), expected) => {
            let (kind, message) = match &error {
                Failure::NoHandler { .. } => (Some(CallError::NoHandler), ""),
                Failure::InvalidInput { message, .. } => (Some(CallError::InJsonErr), &**message),
                Failure::Handler { message, .. } | Failure::Panicked { message, .. } => {
                    (Some(CallError::HandlerErr), &**message)
                }
                _ => (None, ""),
            };
            if kind.is_none() || kind != call.error || !message.contains(&call.message) {
                let expected = match (expected, call.error) {
                    (Some(output), None) => shown(&output),
                    (_, Some(CallError::NoHandler)) => "no-handler".to_owned(),
                    (_, Some(CallError::InJsonErr)) => "in-json-err".to_owned(),
                    (_, Some(CallError::HandlerErr)) => {
                        format!("handler-err with {:?} in it", call.message)
                    }
                    (None, None) => bail!("{}: the case expects nothing", what()),
                };
                bail!(
                    "{}: expected {expected}, got: {}",
                    what(),
                    shown(&error.to_string())
                );
            }
        }
    }
    Ok(())
}

fn equal(got: &str, expected: &str) -> bool {
    let value = serde_json::from_str::<Value>;
    matches!((value(got), value(expected)), (Ok(got), Ok(expected)) if same(&expected, &got))
}

/// A text that may be of megabytes, for a line.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short += &format!("... ({} bytes)", text.len());
    }
    short
}
