//! Why tests fail: `explained.json`, reasons with patterns of tests.

use anyhow::{Context, Result};
use glob::Pattern;
use serde::Deserialize;

use super::outcome::{Outcome, Test};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanation {
    reason: String,
    #[serde(default)]
    outcome: Fails,
    tests: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fails {
    #[default]
    Always,
    /// What the test does wrong to memory is not always noticed.
    Sometimes,
}

/// Each pattern, and the explanation that it is of.
pub(super) struct Explanations(Vec<(Pattern, Fails, String)>);

impl Explanations {
    pub(super) fn read() -> Result<Self> {
        Self::parse(include_str!("explained.json")).context("reading explained.json")
    }

    fn parse(json: &str) -> Result<Self> {
        let explanations: Vec<Explanation> = serde_json::from_str(json)?;
        let mut all = Vec::new();
        for Explanation {
            reason,
            outcome,
            tests,
        } in explanations
        {
            for pattern in tests {
                all.push((Pattern::new(&pattern)?, outcome, reason.clone()));
            }
        }
        Ok(Self(all))
    }

    pub(super) fn reason(&self, test: &str) -> Option<&str> {
        let (.., reason) = self.0.iter().find(|(pattern, ..)| pattern.matches(test))?;
        Some(reason)
    }

    /// What is explained and no longer so, of a module whose tests were run: a test that passes, a
    /// pattern of no test that fails.
    pub(super) fn stale(&self, module: &str, tests: &[Test]) -> Vec<String> {
        let mut stale = Vec::new();
        for (pattern, fails, _) in &self.0 {
            let of_module = pattern
                .as_str()
                .strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if !of_module || *fails == Fails::Sometimes {
                continue;
            }
            let matching = || tests.iter().filter(|test| pattern.matches(&test.id));
            let passing = matching().filter(|test| test.outcome == Outcome::Passed);
            stale.extend(
                passing
                    .map(|test| format!("{} passes, and {pattern} explains its failure", test.id)),
            );
            if !matching().any(|test| test.outcome == Outcome::Failed) {
                stale.push(format!("{pattern} explains nothing that fails"));
            }
        }
        stale
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_explanation_holds_for_failures_alone() {
        let json = r#"[
            {"reason": "no files", "tests": ["test_a.Open.*"]},
            {"reason": "no threads", "tests": ["test_a.Run.test_go", "test_a_b.Run"]},
            {"reason": "a wild pointer", "outcome": "sometimes", "tests": ["test_a.Crash.test_it"]}
        ]"#;
        let explanations = Explanations::parse(json).unwrap();
        assert_eq!(explanations.reason("test_a.Open.test_x"), Some("no files"));
        assert_eq!(
            explanations.reason("test_a.Run.test_go"),
            Some("no threads")
        );
        assert_eq!(explanations.reason("test_a.Run.test_going"), None);

        let test = |id: &str, outcome| Test::new(id, outcome, "");
        let tests = [
            test("test_a.Open.test_x", Outcome::Failed),
            test("test_a.Open.test_y", Outcome::Passed),
            test("test_a.Open.test_z", Outcome::Skipped),
            test("test_a.Run.test_go", Outcome::Skipped),
            test("test_a.Crash.test_it", Outcome::Passed),
        ];
        assert_eq!(
            explanations.stale("test_a", &tests),
            [
                "test_a.Open.test_y passes, and test_a.Open.* explains its failure",
                "test_a.Run.test_go explains nothing that fails",
            ]
        );
    }
}
