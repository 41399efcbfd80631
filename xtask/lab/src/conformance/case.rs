//! The cases, as `wit/conformance/README.md` describes them.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use wasm_runtime::HostcallError;

/// The files, by name.
pub(super) const FILES: [(&str, &str); 6] = [
    (
        "init",
        include_str!("../../../../wit/conformance/init.json"),
    ),
    (
        "json",
        include_str!("../../../../wit/conformance/json.json"),
    ),
    (
        "failure",
        include_str!("../../../../wit/conformance/failure.json"),
    ),
    (
        "hostcall",
        include_str!("../../../../wit/conformance/hostcall.json"),
    ),
    (
        "state",
        include_str!("../../../../wit/conformance/state.json"),
    ),
    (
        "park",
        include_str!("../../../../wit/conformance/park.json"),
    ),
];

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Case>> {
    serde_json::from_str(text).with_context(|| format!("wit/conformance/{file}.json"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    ops: Option<Vec<String>>,
    pub(super) version: Option<String>,
    pub(super) init: Option<InitError>,
    #[serde(default)]
    pub(super) one_instance: bool,
    /// A guest that does not know an op passes.
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum InitError {
    VersionMismatch(String),
    UnexpectedMat(String),
    /// The op, and a part of the text.
    Other(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) op: String,
    #[serde(default, deserialize_with = "even_null")]
    input: Option<Value>,
    text: Option<String>,
    raw: Option<Raw>,
    nested: Option<usize>,
    repeat: Option<Repeat>,
    #[serde(default, deserialize_with = "even_null")]
    pub(super) output: Option<Value>,
    #[serde(default)]
    pub(super) same: bool,
    pub(super) error: Option<CallError>,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    hostcalls: Vec<Hostcall>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CallError {
    NoHandler,
    InJsonErr,
    HandlerErr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    head: String,
    part: String,
    times: usize,
    tail: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    value: Value,
    times: usize,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hostcall {
    pub(super) op: String,
    #[serde(default, deserialize_with = "even_null")]
    pub(super) payload: Option<Value>,
    times: Option<usize>,
    #[serde(default)]
    answer: Value,
    error: Option<HostcallError>,
    #[serde(default)]
    pub(super) late: bool,
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    panics: bool,
}

impl Case {
    /// The ops to initialise, each once.
    pub(super) fn ops(&self) -> Vec<&str> {
        let mut ops: Vec<&str> = match &self.ops {
            Some(ops) => ops.iter().map(String::as_str).collect(),
            None => self.calls.iter().map(|call| call.op.as_str()).collect(),
        };
        let mut seen = std::collections::HashSet::new();
        ops.retain(|op| seen.insert(*op));
        ops
    }
}

impl Call {
    pub(super) fn input(&self) -> Result<String> {
        let given = [
            self.input.as_ref().map(Value::to_string),
            self.text.clone(),
            self.raw
                .as_ref()
                .map(|raw| format!("{}{}{}", raw.head, raw.part.repeat(raw.times), raw.tail)),
            self.nested
                .map(|depth| format!("{}{}", "[".repeat(depth + 1), "]".repeat(depth + 1))),
            self.repeat.as_ref().map(|repeat| {
                let value = repeat.value.to_string();
                format!("[{}]", vec![value; repeat.times].join(","))
            }),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(input), None) => Ok(input),
            _ => bail!("a call of `{}` needs one input", self.op),
        }
    }

    /// The hostcalls expected, one by one, of a call with this input.
    pub(super) fn hostcalls(&self, input: &str) -> Result<Vec<Hostcall>> {
        let mut all = Vec::new();
        for hostcall in &self.hostcalls {
            let mut hostcall = hostcall.clone();
            if hostcall.payload.is_none() {
                hostcall.payload = Some(serde_json::from_str(input)?);
            }
            let times = hostcall.times.unwrap_or(1);
            all.resize(all.len() + times, hostcall);
        }
        Ok(all)
    }
}

impl Hostcall {
    /// What the host says.
    pub(super) fn answer(self) -> Result<Value, HostcallError> {
        if self.panics {
            // Unlike `panic!`, this prints nothing.
            std::panic::resume_unwind(Box::new("as the case wants it"));
        }
        if self.unknown {
            return Err(HostcallError::new("op_404", "the host has no such op"));
        }
        self.error.map_or(Ok(self.answer), Err)
    }
}

/// `null` is a value like others.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Whether two values are equal as JSON: integers exactly, other numbers by value.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (fits_float(one) && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let in_other = |(key, value)| other.get(key).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(in_other)
        }
        _ => one == other,
    }
}

/// Whether a float holds the number without loss, so that a guest may write it as one.
fn fits_float(number: &serde_json::Number) -> bool {
    const EXACT: u64 = 1 << 53;
    match (number.as_u64(), number.as_i64()) {
        (Some(number), _) => number <= EXACT,
        (None, Some(number)) => number.unsigned_abs() <= EXACT,
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn all_cases_can_be_read_and_have_inputs() {
        for (file, text) in FILES {
            for case in read(file, text).unwrap() {
                case.calls.iter().for_each(|call| {
                    call.input().unwrap();
                });
            }
        }
    }

    #[test]
    fn values_are_compared_as_numbers_and_large_integers_exactly() {
        let same = |one, other| {
            let read = |text| serde_json::from_str::<Value>(text).unwrap();
            super::same(&read(one), &read(other))
        };
        assert!(same("[1, 100.0, 0]", "[1.0, 1e2, -0.0]"));
        assert!(same(r#"{"a": 1, "b": 2}"#, r#"{"b": 2.0, "a": 1}"#));
        assert!(same("18446744073709551615", "18446744073709551615"));
        for (one, other) in [
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709551616"),
            ("9007199254740994", "9007199254740994.0"),
            ("[1]", "[1, 2]"),
            ("{}", r#"{"a": null}"#),
            ("1", "\"1\""),
            ("0.1", "0.2"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
