//! Why tests fail: `explained.json`, patterns of tests by reason.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use glob::Pattern;

use super::outcome::{Outcome, Test};

/// Each pattern with its reason.
pub(super) struct Explanations(Vec<(Pattern, String)>);

impl Explanations {
    pub(super) fn read() -> Result<Self> {
        Self::parse(include_str!("explained.json")).context("reading explained.json")
    }

    fn parse(json: &str) -> Result<Self> {
        let reasons: BTreeMap<String, Vec<String>> = serde_json::from_str(json)?;
        let mut all = Vec::new();
        for (reason, patterns) in reasons {
            for pattern in patterns {
                all.push((Pattern::new(&pattern)?, reason.clone()));
            }
        }
        Ok(Self(all))
    }

    pub(super) fn reason(&self, test: &str) -> Option<&str> {
        let (_, reason) = self.0.iter().find(|(pattern, _)| pattern.matches(test))?;
        Some(reason)
    }

    /// What is explained and no longer so, of a module whose tests were run: a test that passes, a pattern of no test that
    /// fails.
    pub(super) fn stale(&self, module: &str, tests: &[Test]) -> Vec<String> {
        let mut stale = Vec::new();
        for (pattern, _) in &self.0 {
            let of_module = pattern
                .as_str()
                .strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if !of_module {
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
        let json = r#"{"no files": ["test_a.Open.*"], "no threads": ["test_a.Run.test_go", "test_a_b.Run"]}"#;
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
