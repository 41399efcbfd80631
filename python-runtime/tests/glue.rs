//! The glue's cases (`guest-glue/python/tests/cases.json`) through the real component and the real host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::path::Path;

use artifact_embed::{Archive, EngineProfile, Loader};
use serde::Deserialize;
use serde_json::Value;
use wit_wire_host::{Error, Host, HostcallContext, HostcallError, Hostcalls, Isolation, Op};

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
        _: String,
    ) -> Result<String, HostcallError> {
        match self.0.get(&op).cloned() {
            Some(Answer::Ok(value)) => Ok(value.to_string()),
            Some(Answer::Err(error)) => Err(error),
            None => Err(HostcallError::new(
                "op_404",
                format!("the host has no op `{op}`"),
            )),
        }
    }
}

#[tokio::test]
async fn every_case_of_the_glue_holds_in_the_component() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = std::fs::read(root.join("guest-glue/python/tests/cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&cases).unwrap();
    let bytes = std::fs::read(root.join("target/guest/python.aot"))
        .expect("`cargo xtask test` builds the guest first");
    #[allow(unsafe_code, reason = "the archive was built here")]
    // SAFETY: `cargo xtask` built the archive from this checkout.
    let archive = unsafe { Archive::trust(bytes).unwrap() };
    let loader = Loader::new(&EngineProfile::default()).unwrap();
    let component = loader.load(&archive).unwrap().component;

    for case in cases {
        println!("case: {}", case.name);
        let host = Host::builder()
            .hostcalls(Answers(case.hostcalls))
            .build(loader.engine())
            .unwrap();
        let ops = case
            .ops
            .iter()
            .map(|op| Op::new(op.name.as_str()).data(&op.data));
        let mut program = host
            .component(&component)
            .unwrap()
            .program(ops)
            .isolation(Isolation::Shared);
        if let Some(version) = &case.version {
            program = program.version(version);
        }
        let program = match (program.build().await, &case.init_error) {
            (Ok(program), None) => program,
            (Err(error), Some(expected)) => {
                expected.check(error);
                continue;
            }
            (Ok(_), Some(expected)) => {
                panic!("initialised, and should fail with {}", expected.kind)
            }
            (Err(error), None) => panic!("{error}"),
        };
        for call in &case.calls {
            let Ok(function) = program.function(&call.op) else {
                // The host knows better than to ask the guest.
                assert_eq!(call.error.as_ref().unwrap().kind, "no-handler");
                continue;
            };
            match (function.call_raw(call.input.as_str()).await, &call.error) {
                (Ok(output), None) => {
                    let output: Value = serde_json::from_str(&output).unwrap();
                    assert_eq!(Some(&output), call.output.as_ref(), "{}", call.op);
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
    fn check(&self, error: Error) {
        let (kind, text) = match error {
            Error::VersionMismatch { guest, .. } => ("version-mismatch", guest),
            Error::UnexpectedOp { op } => ("unexpected-mat", op),
            Error::Init { message } => ("other", message),
            Error::NoHandler { op } => ("no-handler", op),
            Error::InvalidInput { message, .. } => ("in-json-err", message),
            Error::Handler { message, .. } => ("handler-err", message),
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
