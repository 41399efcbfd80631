//! The cases of the glue that runs source code (`guest-glue/*/tests/*.json`), through the real
//! components and the real host. The glue's own tests run most of them against a faked one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use wasm_runtime::{
    CallError, Compiler, HostcallContext, HostcallError, Hostcalls, Isolation, Op, Payload,
    ProgramError, WasmRuntime,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    ops: Vec<CaseOp>,
    #[serde(default)]
    hostcalls: HashMap<String, Answer>,
    version: Option<String>,
    init_error: Option<Expected>,
    #[serde(default)]
    calls: Vec<CaseCall>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseOp {
    name: String,
    data: Value,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Value),
    Err(HostcallError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseCall {
    op: String,
    input: String,
    output: Option<Value>,
    error: Option<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    kind: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    op: Option<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
}

struct Answers(HashMap<String, Answer>);

impl Hostcalls for Answers {
    async fn call(
        &self,
        _: HostcallContext,
        op: String,
        _: Payload,
    ) -> Result<Payload, HostcallError> {
        match self.0.get(&op).cloned() {
            Some(Answer::Ok(value)) => Ok(value.to_string().into()),
            Some(Answer::Err(error)) => Err(error),
            None => Err(HostcallError::new(
                "op_404",
                format!("the host has no op `{op}`"),
            )),
        }
    }
}

#[tokio::test]
async fn python() {
    holds("python", "cases").await;
}

#[tokio::test]
async fn javascript() {
    holds("javascript", "cases").await;
    holds("javascript", "component").await;
}

async fn holds(language: &str, file: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = root.join(format!("guest-glue/{language}/tests/{file}.json"));
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(cases).unwrap()).unwrap();
    let guest = root.join(format!("target/guest/{language}.wasm"));
    assert!(guest.is_file(), "`cargo xtask test` builds the guest first");

    for case in cases {
        println!("case: {}", case.name);
        let runtime = WasmRuntime::builder()
            .compiler(Compiler::InProcess)
            .hostcalls(Answers(case.hostcalls));
        let component = runtime.build().unwrap().component_from_path(&guest).await;
        let ops = case
            .ops
            .iter()
            .map(|op| Op::new(op.name.as_str()).with_data(&op.data));
        let mut program = component.unwrap().program(ops).isolation(Isolation::Shared);
        if let Some(version) = &case.version {
            program = program.version(version);
        }
        let program = match (program.build().await, &case.init_error) {
            (Ok(program), None) => program,
            // The host knows better than to ask the guest.
            (Err(ProgramError::DuplicateOp(_)), Some(_)) => continue,
            (Err(ProgramError::Run(error)), Some(expected)) => {
                expected.check(error);
                continue;
            }
            (Ok(_), Some(expected)) => {
                panic!("initialised, and should fail with {}", expected.kind)
            }
            (Err(error), _) => panic!("{error}"),
        };
        for call in &case.calls {
            let Ok(function) = program.function(&call.op) else {
                // So here.
                assert_eq!(call.error.as_ref().unwrap().kind, "no-handler");
                continue;
            };
            match (function.call_raw(call.input.as_str()).await, &call.error) {
                (Ok(output), None) => {
                    let output: Value = output.deserialize().unwrap();
                    assert_eq!(
                        output,
                        call.output.clone().unwrap_or_default(),
                        "{}",
                        call.op
                    );
                }
                (Err(error), Some(expected)) => expected.check(error),
                (Ok(output), Some(expected)) => {
                    panic!("{output}, and should fail with {}", expected.kind)
                }
                (Err(error), None) => panic!("{error}"),
            }
        }
    }
}

impl Expected {
    fn check(&self, error: CallError) {
        let (kind, text) = match error {
            CallError::VersionMismatch { guest, .. } => ("version-mismatch", guest),
            CallError::UnexpectedOp { op } => ("unexpected-mat", op),
            CallError::Init { message } => ("other", message),
            CallError::NoHandler { op } => ("no-handler", op),
            CallError::InvalidInput { message, .. } => ("in-json-err", message),
            CallError::Handler { message, .. } => ("handler-err", message),
            other => panic!("{other}"),
        };
        assert_eq!(kind, self.kind, "{text}");
        let text = match &self.ty {
            Some(ty) => {
                let failure: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(failure["type"], **ty, "{text}");
                assert_eq!(failure["op"].as_str(), self.op.as_deref());
                format!(
                    "{}\n{}",
                    failure["message"].as_str().unwrap(),
                    failure["traceback"].as_str().unwrap()
                )
            }
            None => text,
        };
        for part in &self.contains {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        for part in &self.lacks {
            assert!(!text.contains(part), "{part:?} in {text}");
        }
    }
}
