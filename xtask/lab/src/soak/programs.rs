//! Programs: how one is made, and whether what came of a call is what must.

use std::time::Duration;

use anyhow::Result;
use python_runtime::{Isolation, Limit, Limits, Program, PythonError, PythonSource, SourceTree};
use serde_json::Value;
use wasm_runtime::{CallError, Component, Op};

use super::hosts::Hosts;
use super::random::Random;

/// A kind of program. Each program of it has a number, which shows in its answers.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) made: Made,
    pub(super) calls: Calls,
    pub(super) ask: fn(&mut Random, u64) -> Ask,
}

/// What the calls of a program see of each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    Apart,
    Shared,
    /// They are those of one session.
    Session,
    /// Each is durable: what it waits for is answered here.
    Durable,
}

pub(super) enum Made {
    /// The function `run` of this source, in which `NUMBER` stands for the number.
    Python(&'static str),
    /// The same source as a module that imports another one.
    Modules(&'static str),
    /// A lambda.
    Lambda(&'static str),
    /// An op of a component, with its data.
    Op(fn(&Hosts) -> &Component, &'static str, fn(u64) -> Value),
}

/// One question.
pub(super) struct Ask {
    pub(super) input: Value,
    pub(super) expected: Expected,
    pub(super) limits: Limits,
}

pub(super) enum Expected {
    Value(Value),
    /// How many calls the state has seen.
    Count,
    /// An exception of this type.
    Python(&'static str),
    /// An error of a guest in another language, with this in it.
    Handler(&'static str),
    Limit(&'static [Limit]),
    Trap,
}

/// Limits that nothing reaches unless it is meant to: the machine may be slow.
pub(super) fn limits() -> Limits {
    const LONG: Duration = Duration::from_secs(600);
    Limits::default()
        .wall_time(LONG)
        .cpu_time(LONG)
        .wait(LONG)
        .memory(128 << 20)
}

/// For programs that leave secrets and look for them.
const MEMORY: &str = include_str!("../../../../python-runtime/tests/tenants/memory.py");

impl Kind {
    pub(super) async fn program(&self, hosts: &Hosts, number: u64) -> Result<Program> {
        let isolation = match self.calls {
            Calls::Shared => Isolation::Shared,
            _ => Isolation::PerCall,
        };
        let text = |source: &str| source.replace("NUMBER", &number.to_string());
        let source = match &self.made {
            Made::Op(component, op, data) => {
                let op = Op::new(*op).with_data(&data(number));
                let program = component(hosts).program([op]).limits(limits());
                return Ok(program.isolation(isolation).build().await?);
            }
            Made::Lambda(source) => PythonSource::lambda(text(source)),
            Made::Python(source) => PythonSource::def("run", format!("{MEMORY}\n{}", text(source))),
            Made::Modules(source) => {
                let times = text("def times(x):\n    return x * NUMBER\n");
                let tree = SourceTree::new()
                    .file("main.py", text(source))?
                    .file("helping/__init__.py", "")?
                    .file("helping/much.py", times)?;
                PythonSource::from_tree(tree, "main:run")?
            }
        };
        let program = hosts.python.program().function("run", source);
        Ok(program
            .limits(limits())
            .isolation(isolation)
            .build()
            .await?)
    }

    pub(super) fn is_python(&self) -> bool {
        !matches!(self.made, Made::Op(..))
    }

    /// What to ask `program` next.
    pub(super) fn ask(&self, random: &mut Random, number: u64, program: &Program) -> Ask {
        let mut ask = (self.ask)(random, number);
        if self.name == "hunts secrets" {
            ask.input = program.receipt().memory.into();
        }
        ask
    }
}

impl Expected {
    /// Whether `result` is what was expected, an answer or an error, or what it is instead. `count`
    /// tells which counts are right.
    pub(super) fn check(
        &self,
        result: &Result<Value, CallError>,
        count: impl FnOnce(u64) -> bool,
    ) -> Result<(), String> {
        let is_right = match (self, result) {
            (Self::Value(expected), Ok(answer)) => answer == expected,
            (Self::Count, Ok(answer)) => answer.as_u64().is_some_and(count),
            (Self::Python(ty), Err(error)) => {
                PythonError::of(error).is_some_and(|error| error.ty == *ty)
            }
            (
                Self::Handler(text),
                Err(CallError::Handler { message, .. } | CallError::Panicked { message, .. }),
            ) => message.contains(text),
            (Self::Limit(limits), Err(CallError::Limit { exceeded, .. })) => {
                limits.contains(&exceeded.limit)
            }
            (Self::Trap, Err(CallError::Trap { .. })) => true,
            _ => false,
        };
        if is_right {
            return Ok(());
        }
        let shown = |text: String| text.chars().take(500).collect::<String>();
        let expected = match self {
            Self::Value(value) => shown(value.to_string()),
            Self::Count => "the next count".to_owned(),
            Self::Python(ty) => format!("a {ty}"),
            Self::Handler(text) => format!("an error with {text:?} in it"),
            Self::Limit(limits) => format!("a limit of {limits:?}"),
            Self::Trap => "a trap".to_owned(),
        };
        let got = match result {
            Ok(answer) => answer.to_string(),
            Err(error) => python_cli::explain(error),
        };
        Err(format!("expected {expected}, got {}", shown(got)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_expected_is_told() {
        let failed = |message: &str| {
            Err(CallError::Handler {
                op: "run".to_owned(),
                message: message.to_owned(),
            })
        };
        let right = |expected: Expected, result| expected.check(&result, |count| count == 7);
        let value_error = r#"{"type": "ValueError", "message": "no"}"#;
        right(Expected::Value(json!([1])), Ok(json!([1]))).unwrap();
        right(Expected::Count, Ok(json!(7))).unwrap();
        right(Expected::Python("ValueError"), failed(value_error)).unwrap();
        right(Expected::Handler("thrown"), failed("Error: thrown")).unwrap();
        for (expected, result, said) in [
            (
                Expected::Value(json!([1])),
                Ok(json!([2])),
                "expected [1], got [2]",
            ),
            (
                Expected::Count,
                Ok(json!(8)),
                "expected the next count, got 8",
            ),
            (Expected::Trap, Ok(json!(8)), "expected a trap, got 8"),
            (
                Expected::Python("KeyError"),
                failed(value_error),
                "expected a KeyError, got ValueError: no",
            ),
            (
                Expected::Limit(&[Limit::CpuTime]),
                failed("thrown"),
                "expected a limit of [CpuTime], got op `run` failed: thrown",
            ),
        ] {
            assert_eq!(right(expected, result).unwrap_err(), said);
        }
    }
}
