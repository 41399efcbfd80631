//! What became of tests, as a guest tells it while it runs them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// A test that has ended.
pub(super) struct Test {
    pub(super) id: String,
    pub(super) outcome: Outcome,
    /// The line that says why it failed or was skipped.
    pub(super) text: String,
    /// How a failure came about: the end of it.
    pub(super) traceback: String,
}

impl Test {
    pub(super) fn new(id: &str, outcome: Outcome, text: &str) -> Self {
        Self {
            id: id.to_owned(),
            outcome,
            text: text.to_owned(),
            traceback: String::new(),
        }
    }
}

/// What a guest says of a module's tests.
#[derive(Deserialize)]
pub(super) struct Told {
    module: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
enum What {
    /// These are all, by their ids.
    Loaded {
        tests: Vec<String>,
    },
    Started {
        index: usize,
    },
    Ended {
        index: usize,
        #[serde(flatten)]
        how: How,
    },
    /// Something failed or was skipped that is not a test: the module itself, or what is
    /// done after the tests of a class.
    Beside {
        id: String,
        #[serde(flatten)]
        how: How,
    },
}

#[derive(Deserialize)]
struct How {
    outcome: Outcome,
    #[serde(default)]
    text: String,
    #[serde(default)]
    traceback: String,
}

impl How {
    fn of(self, id: String) -> Test {
        Test {
            id,
            outcome: self.outcome,
            text: self.text,
            traceback: self.traceback,
        }
    }
}

/// What was reported of one module.
#[derive(Default)]
pub(super) struct Heard {
    /// All its tests, and of those that have ended the outcome.
    tests: Vec<(String, Option<Test>)>,
    /// The test that runs, or else the one that comes next.
    at: usize,
    beside: Vec<Test>,
}

impl Heard {
    fn hear(&mut self, what: What) {
        match what {
            // Else from an interpreter that goes on for a lost one.
            What::Loaded { tests } if self.tests.is_empty() => {
                self.tests = tests.into_iter().map(|id| (id, None)).collect();
            }
            What::Loaded { .. } => {}
            What::Started { index } => self.at = index,
            What::Ended { index, how } => {
                self.at = index + 1;
                if let Some((id, ended)) = self.tests.get_mut(index) {
                    *ended = Some(how.of(id.clone()));
                }
            }
            What::Beside { id, how } => self.beside.push(how.of(id)),
        }
    }

    fn lost(&mut self, module: &str, how: Test) -> Option<usize> {
        match self.tests.get_mut(self.at) {
            Some((id, ended)) => {
                *ended = Some(Test {
                    id: id.clone(),
                    ..how
                });
                self.at += 1;
            }
            None => self.beside.push(Test {
                id: module.to_owned(),
                ..how
            }),
        }
        (self.at < self.tests.len()).then_some(self.at)
    }

    /// All outcomes. A test that nothing was reported of has not run, which is a failure.
    pub(super) fn into_tests(self) -> Vec<Test> {
        let ended = self.tests.into_iter().map(|(id, ended)| {
            ended.unwrap_or_else(|| Test::new(&id, Outcome::Failed, "was not run"))
        });
        ended.chain(self.beside).collect()
    }
}

/// What was reported of all modules.
#[derive(Clone, Default)]
pub(super) struct Ears(Arc<Mutex<HashMap<String, Heard>>>);

impl Ears {
    pub(super) fn hear(&self, told: Told) {
        self.lock().entry(told.module).or_default().hear(told.what);
    }

    /// Takes note that the interpreter of a module's tests was lost. Returns with which test
    /// another one can go on, if there is one.
    pub(super) fn lost(&self, module: &str, how: Test) -> Option<usize> {
        let mut all = self.lock();
        all.entry(module.to_owned()).or_default().lost(module, how)
    }

    pub(super) fn take(&self, module: &str) -> Heard {
        self.lock().remove(module).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
