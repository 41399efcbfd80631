//! The Python samples of the book run in the sandbox. Each is followed by the calls to make:
//!
//! ```text
//! <!-- call FUNCTION INPUT -> OUTPUT -->
//! <!-- call FUNCTION INPUT !> PART OF THE ERROR -->
//! ```
//!
//! The `pycon` samples of a chapter are one session, and show what it says.
//!
//! A sample whose first line is `# path/file.py` is a file, and `module:function` names a function
//! in one of these files. A traceback shown in the book is that of the call before it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use python_runtime::{
    CallError, Error, HostModule, HostcallContext, HostcallError, PythonError, PythonRuntime,
    PythonSession, PythonSource, SourceTree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Find {
    id: u64,
}

#[derive(Serialize, JsonSchema)]
struct Order {
    total: f64,
}

async fn find(_: HostcallContext, find: Find) -> Result<Order, HostcallError> {
    match find.id {
        7 => Ok(Order { total: 29.99 }),
        id => Err(HostcallError::new("missing", format!("no order {id}"))),
    }
}

/// A runtime with the hostcalls that samples make.
fn runtime() -> PythonRuntime {
    let price = async |_: HostcallContext, _: String| Ok::<_, HostcallError>(2.5);
    let lookup = async |_: HostcallContext, key: String| match key.as_str() {
        "here" => Ok("found"),
        "broken" => Err(HostcallError::new("broken", "not today")),
        _ => Err(HostcallError::new("missing", "no such key")),
    };
    let weather = async |_: HostcallContext, _: Value| {
        Ok::<_, HostcallError>(json!({"sky": "clear", "celsius": 21}))
    };
    PythonRuntime::builder()
        .hostcall("price", price)
        .hostcall("lookup", lookup)
        .hostcall("weather", weather)
        .host_module(HostModule::new("orders").function("find", "Finds an order.", find))
        .build()
        .unwrap()
}

/// The Python samples of one document.
#[derive(Default)]
struct Samples {
    latest: String,
    files: SourceTree,
    /// Samples that were not called so far.
    uncalled: Vec<String>,
    /// The error of the latest call that failed.
    error: String,
    calls: usize,
    session: Option<PythonSession>,
}

impl Samples {
    fn add(&mut self, sample: String) {
        let first = sample.lines().next().unwrap_or_default();
        if let Some(path) = first
            .strip_prefix("# ")
            .filter(|path| path.ends_with(".py"))
        {
            let files = std::mem::take(&mut self.files);
            self.files = files.file(path, sample.as_str()).unwrap();
        }
        if let Some(sample) = self
            .uncalled
            .last()
            .filter(|sample| !sample.starts_with("# "))
        {
            panic!("nothing is called of:\n{sample}");
        }
        self.uncalled.push(sample.clone());
        self.latest = sample;
    }

    /// The function `name` of the latest sample, or of the files so far.
    fn source(&self, name: &str) -> PythonSource {
        match name.contains(':') {
            true => PythonSource::from_tree(self.files.clone(), name).unwrap(),
            false => PythonSource::def(name, self.latest.as_str()),
        }
    }

    async fn check(&mut self, runtime: &PythonRuntime, call: &str) {
        self.calls += 1;
        // The files are called together.
        self.uncalled.clear();
        let (name, rest) = call.split_once(' ').unwrap();
        let fails = rest.contains(" !> ");
        let (input, expected) = rest
            .split_once(if fails { " !> " } else { " -> " })
            .unwrap();
        let input: Value = serde_json::from_str(input).unwrap();
        let answer = match runtime.function(self.source(name)).await {
            Ok(function) => function.call::<_, Value>(&input).await.map_err(in_words),
            Err(Error::Python { error, .. }) => Err(error.to_string()),
            Err(error) => panic!("`{call}`: {error}"),
        };
        match answer {
            Ok(output) if !fails => {
                let expected: Value = serde_json::from_str(expected).unwrap();
                assert_eq!(output, expected, "`{call}`");
            }
            Err(error) if fails => {
                assert!(error.contains(expected), "`{call}`: {error}");
                self.error = error;
            }
            other => panic!("`{call}`: {other:?}"),
        }
    }
}

impl Samples {
    /// Runs what is typed into an interactive interpreter, and compares what comes of it.
    async fn talk(&mut self, runtime: &PythonRuntime, sample: &str) {
        if self.session.is_none() {
            self.session = Some(runtime.session().await.unwrap());
        }
        let session = self.session.as_ref().unwrap();
        for part in sample.split(">>> ").skip(1) {
            self.calls += 1;
            let (mut source, mut expected) = (String::new(), String::new());
            for (n, line) in part.lines().enumerate() {
                match line.strip_prefix("...") {
                    _ if n == 0 => source += line,
                    Some(more) => {
                        source += &format!("\n{}", more.strip_prefix(' ').unwrap_or(more))
                    }
                    None => expected += &format!("{line}\n"),
                }
            }
            let (outcome, receipt) = session.run(&source).with_receipt().await;
            let shown = match outcome {
                Ok(outcome) => outcome.repr,
                Err(error) => Some(in_words(error)),
            };
            let shown = shown.map(|shown| shown + "\n").unwrap_or_default();
            assert_eq!(receipt.output.to_string() + &shown, expected, "{source}");
        }
    }
}

fn in_words(error: CallError) -> String {
    PythonError::of(&error).map_or_else(|| error.to_string(), |error| error.to_string())
}

#[tokio::test]
async fn python_samples_do_what_the_book_says() {
    let runtime = runtime();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapters = fs::read_dir(root.join("src")).unwrap();
    let chapters = chapters.map(|chapter| chapter.unwrap().path());
    let mut calls = 0;
    for path in chapters.chain([root.join("../README.md")]) {
        let text = fs::read_to_string(&path).unwrap();
        let mut samples = Samples::default();
        // What stands between fences, and what the first one says it is.
        let mut fenced: Option<(&str, String)> = None;
        for line in text.lines() {
            match &mut fenced {
                Some((_, inside)) if line != "```" => *inside += &format!("{line}\n"),
                Some(_) => match fenced.take().unwrap() {
                    ("python", sample) => samples.add(sample),
                    ("pycon", sample) => samples.talk(&runtime, &sample).await,
                    ("text", text) if text.starts_with("Traceback") => {
                        assert_eq!(text.trim_end(), samples.error);
                    }
                    _ => {}
                },
                None => {
                    let fence = line.strip_prefix("```");
                    fenced = fence.map(|language| (language, String::new()));
                    let call = line.strip_prefix("<!-- call ");
                    if let Some(call) = call.and_then(|call| call.strip_suffix(" -->")) {
                        samples.check(&runtime, call).await;
                    }
                }
            }
        }
        let uncalled = &samples.uncalled;
        assert!(uncalled.is_empty(), "{}: {uncalled:#?}", path.display());
        calls += samples.calls;
    }
    assert!(calls > 10, "{calls} calls");
}
