//! The ways a host can run programs, and one case run in one of them.

use std::collections::HashMap;
use std::time::Duration;

use python_runtime::{
    Error, HostcallContext, HostcallError, Isolation, Limits, PoolConfig, Program, PythonRuntime,
    PythonSource, Receipt, ResetPolicy, SourceTree,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use test_support::until;

use super::outcome;
use super::table::Case;

/// How a call comes to its state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) reset: ResetPolicy,
    pub(crate) isolation: Isolation,
}

impl Way {
    /// Whether calls of one program have an instance after each other.
    fn resets_calls(self) -> bool {
        self.isolation == Isolation::PerCall && self.reset == ResetPolicy::Require
    }
}

pub(crate) const WAYS: [Way; 3] = [
    Way {
        reset: ResetPolicy::Require,
        isolation: Isolation::PerCall,
    },
    Way {
        reset: ResetPolicy::Never,
        isolation: Isolation::PerCall,
    },
    Way {
        reset: ResetPolicy::Require,
        isolation: Isolation::Shared,
    },
];

/// Room for what a case does before it meets the limit that it is about.
const LIMITS: Limits = Limits::new()
    .wall_time(Duration::from_secs(60))
    .cpu_time(Duration::from_secs(30))
    .memory(64 << 20)
    .input(4 << 20)
    .output(1 << 20)
    .log(16 << 10)
    .hostcalls(10_000)
    .hostcall_payload(1 << 20)
    .hostcall_answer(1 << 20)
    .wait(Duration::from_secs(60))
    .nesting(2);

/// Limits under which a case that never ends does not take long. The others may be as slow as the
/// machine is.
fn limits(expected: &str) -> Limits {
    match expected {
        "limit CpuTime" => LIMITS.cpu_time(Duration::from_millis(60)),
        // An interpreter has 28 of them.
        "limit Memory" => LIMITS.memory(40 << 20),
        "limit WallTime" => LIMITS.wall_time(Duration::from_millis(200)),
        _ => LIMITS,
    }
}

/// A host with an interpreter or two, and the programs in it.
pub(crate) struct Host {
    way: Way,
    pub(crate) runtime: PythonRuntime,
    files: SourceTree,
    neighbour: Program,
    /// By file.
    programs: HashMap<&'static str, Program>,
    calls: u64,
    /// Processor time on receipts.
    pub(crate) paid: Duration,
}

impl Host {
    pub(crate) async fn new(way: Way, cases: &[Case]) -> Self {
        let runtime = runtime(way.reset);
        let files = SourceTree::new().folder(super::table::FOLDER).unwrap();
        let neighbour = runtime
            .program()
            .function("neighbour", source(&files, "neighbour:neighbour"));
        let neighbour = neighbour.build().await.unwrap();
        let mut host = Self {
            way,
            runtime,
            files,
            neighbour,
            programs: HashMap::new(),
            calls: 0,
            paid: Duration::ZERO,
        };
        if way.isolation == Isolation::PerCall {
            for case in cases {
                if !host.programs.contains_key(case.file) {
                    let program = host.program(case.file, cases).await;
                    host.programs.insert(case.file, program);
                }
            }
        }
        host
    }

    /// All functions of a file, and `neighbour`.
    async fn program(&self, file: &str, cases: &[Case]) -> Program {
        let mut names: Vec<_> = cases
            .iter()
            .filter(|case| case.file == file)
            .map(|case| case.function)
            .collect();
        names.sort_unstable();
        names.dedup();
        let tree = std::sync::Arc::new(self.files.clone());
        let mut program = self.runtime.program();
        for name in names {
            let source = PythonSource::from_tree(tree.clone(), &format!("{file}:{name}")).unwrap();
            program = program.function(name, source);
        }
        let source = PythonSource::from_tree(tree, "neighbour:neighbour").unwrap();
        program.function("neighbour", source).build().await.unwrap()
    }

    /// Whether `case` is one for this way: where state is shared, what a call leaves behind is of
    /// interest.
    pub(crate) fn takes(&self, case: &Case) -> bool {
        self.way.isolation == Isolation::PerCall
            || !case.is_loading && !matches!(case.file, "deep" | "endless" | "memory")
    }

    /// What comes of `case`, as the table says it. What is wrong with that otherwise is a panic.
    pub(crate) async fn run(&mut self, case: &Case) -> String {
        let limits = limits(case.expected);
        let seen = if case.is_loading {
            self.load(case, limits).await
        } else {
            let program = match self.programs.get(case.file) {
                Some(program) => program.clone(),
                None => self.alone(case).await.unwrap(),
            };
            let function = program.function(case.function).unwrap();
            let call = function
                .call::<_, Box<RawValue>>(&case.input)
                .limits(limits);
            let (result, receipt) = call.with_receipt().await;
            self.paid += receipt.cpu_time;
            check(&receipt, &limits);
            let seen = outcome::of(result);
            // An instance that was built for the call has nothing to go back to.
            if self.way.resets_calls() {
                self.is_as_ever(&program, case).await;
            }
            seen
        };
        self.is_as_ever(&self.neighbour.clone(), case).await;
        seen
    }

    /// A program of one function.
    async fn alone(&self, case: &Case) -> Result<Program, Error> {
        let target = format!("{}:{}", case.file, case.function);
        let program = self
            .runtime
            .program()
            .function(case.function, source(&self.files, &target));
        program.isolation(self.way.isolation).build().await
    }

    /// The function is called while a program is loaded.
    async fn load(&mut self, case: &Case, limits: Limits) -> String {
        let Case {
            file,
            function,
            input,
            ..
        } = case;
        let source = format!(
            "from {file} import {function}\n\n{function}({input})\n\ndef loaded(_):\n    return 'loaded'\n"
        );
        let files = self.files.clone().file("loading.py", source).unwrap();
        let program = self
            .runtime
            .program()
            .function("loaded", self::source(&files, "loading:loaded"));
        let built = program
            .isolation(self.way.isolation)
            .limits(limits)
            .build()
            .await;
        match built {
            Ok(program) => {
                self.paid += program.receipt().cpu_time;
                let loaded = program.function("loaded").unwrap();
                let call = loaded.call::<_, Box<RawValue>>(&0).limits(limits);
                outcome::of(call.await)
            }
            Err(error) => outcome::of_loading(error),
        }
    }

    /// The next call of a program gives its right answer.
    async fn is_as_ever(&mut self, program: &Program, case: &Case) {
        self.calls += 1;
        let value = self.calls;
        let neighbour = program.function("neighbour").unwrap();
        let (answer, receipt) = neighbour.call::<_, Value>(&value).with_receipt().await;
        self.paid += receipt.cpu_time;
        let expected = json!({
            "state": [value],
            "echo": [value],
            "json": {"value": value},
            "matches": ["aa", "aaa"],
            "sorted": [3, 2, 1],
            "wrapped": ["one", "two"],
            "awaited": value * 2,
            "settings": [1000, true, 0, true],
        });
        let answer = answer.unwrap_or_else(|error| panic!("after {case}: {error}"));
        assert_eq!(answer, expected, "after {case}");
        assert_eq!(
            receipt.output.to_string(),
            format!("neighbour {value}\n"),
            "after {case}"
        );
    }

    /// When nothing is under way any more.
    pub(crate) async fn settled(&self) {
        let stats = || self.runtime.stats();
        let settled = || stats().idle > 0 && stats().in_flight == 0;
        until("the instance is back", settled).await;
        let stats = self.runtime.stats();
        assert_eq!((stats.waiting, stats.in_flight), (0, 0), "{stats:?}");
        assert_eq!(stats.discarded.unclean, 0, "{stats:?}");
    }
}

fn source(files: &SourceTree, target: &str) -> PythonSource {
    PythonSource::from_tree(files.clone(), target).unwrap()
}

/// What no call may exceed, whatever came of it.
fn check(receipt: &Receipt, limits: &Limits) {
    for stream in [
        python_runtime::Stream::Stdout,
        python_runtime::Stream::Stderr,
    ] {
        assert!(receipt.output.bytes(stream).len() <= limits.log);
    }
    assert!(receipt.memory <= limits.memory, "{receipt:?}");
    assert!(receipt.hostcalls <= limits.hostcalls + 1, "{receipt:?}");
    assert!(receipt.bytes_out <= limits.output, "{receipt:?}");
}

fn runtime(clean_state: ResetPolicy) -> PythonRuntime {
    PythonRuntime::builder()
        .limits(LIMITS)
        .hostcall("echo", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, _: Value| {
            std::future::pending::<Result<Value, HostcallError>>().await
        })
        .hostcall(
            "length",
            async |_: HostcallContext, value: Box<RawValue>| {
                Ok::<_, HostcallError>(value.get().len())
            },
        )
        .hostcall("large", async |_: HostcallContext, length: usize| {
            Ok::<_, HostcallError>("x".repeat(length))
        })
        .hostcall("nested", async |_: HostcallContext, depth: usize| {
            Ok::<_, HostcallError>(super::table::nested(depth))
        })
        .hostcall("fails", async |_: HostcallContext, length: usize| {
            Err::<Value, _>(HostcallError::new("fails", "x".repeat(length)))
        })
        .hostcall(
            "panics",
            async |_: HostcallContext, _: Value| -> Result<Value, HostcallError> {
                panic!("on purpose")
            },
        )
        .pool(
            PoolConfig::default()
                .instances(1)
                .reset(clean_state)
                .verify(true),
        )
        .build()
        .unwrap()
}
