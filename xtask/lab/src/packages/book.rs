//! The book's table of jobs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Compared;
use crate::shell;

const BEGIN: &str = "<!-- cargo xtask packages --book -->\n";
const END: &str = "<!-- end -->";

fn path() -> PathBuf {
    shell::root().join("docs/src/packages.md")
}

/// Replaces the table.
pub(super) fn write(
    compared: &[Compared],
    python: &str,
    explained: &BTreeMap<String, String>,
) -> Result<()> {
    let book = fs::read_to_string(path())?;
    let (before, rest) = book.split_once(BEGIN).context("no place for the table")?;
    let (_, after) = rest.split_once(END).context("no end of the table")?;
    let table = table(compared, python, explained);
    fs::write(path(), format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(())
}

fn table(compared: &[Compared], python: &str, explained: &BTreeMap<String, String>) -> String {
    let same = compared.iter().filter(|job| job.difference.is_none());
    let mut packages: Vec<_> = compared.iter().map(|one| &one.job.package).collect();
    packages.dedup();
    let mut text = format!(
        "{} of {} jobs, with {} packages, give what CPython {python} gives.\n\n\
         | package | version | job | |\n|---|---|---|---|\n",
        same.count(),
        compared.len(),
        packages.len()
    );
    for Compared { job, difference } in compared {
        let outcome = match difference {
            None => "same".to_owned(),
            Some(_) => {
                let reason = explained.get(&job.id()).map_or("", String::as_str);
                format!("differs: {reason}")
            }
        };
        text += &row(&job.package, &job.version, &job.about, &outcome);
    }
    text
}

fn row(package: &str, version: &str, about: &str, outcome: &str) -> String {
    let about = about.trim_end_matches('.').replace('|', "\\|");
    format!("| {package} | {version} | {about} | {outcome} |\n")
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::panic,
        clippy::unwrap_used,
        reason = "a test fails by panicking"
    )]

    use super::*;

    const REQUIREMENTS: &str = include_str!("requirements.txt");

    /// What jobs do: the first line of each function's docstring.
    fn abouts(source: &str) -> Vec<&str> {
        let mut lines = source.lines().peekable();
        let mut found = Vec::new();
        while let Some(line) = lines.next() {
            let line = line.strip_prefix("async ").unwrap_or(line);
            // Sources in a job's input have other functions.
            let is_job = |next: &&str| line.contains("(given=") || next.starts_with("    given=");
            if line.starts_with("def ") && lines.peek().is_some_and(is_job) {
                let about = lines.find(|line| line.starts_with("    \"\"\""));
                found.push(about.unwrap().trim().trim_matches('"'));
            }
        }
        found
    }

    #[test]
    fn the_book_has_each_job_with_the_version_that_is_pinned() {
        let book = fs::read_to_string(path()).unwrap();
        let (_, table) = book.split_once(BEGIN).unwrap();
        let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
        let rows: Vec<_> = rows.collect();
        let mut expected = 0;
        for file in fs::read_dir(super::super::sources().join("jobs")).unwrap() {
            let file = file.unwrap().path();
            let package = file.file_stem().unwrap().to_str().unwrap();
            let pinned = format!("{package}==");
            let pin = REQUIREMENTS
                .lines()
                .find_map(|line| line.strip_prefix(&pinned));
            let version = pin.and_then(|pin| pin.split(' ').next());
            assert!(version.is_some(), "{package} is not pinned");
            let version = version.unwrap_or_default();
            for about in abouts(&fs::read_to_string(&file).unwrap()) {
                let begin = row(package, version, about, "");
                let begin = begin.trim_end_matches("|\n").trim_end();
                assert!(
                    rows.iter().any(|row| row.starts_with(begin)),
                    "no row {begin}"
                );
                expected += 1;
            }
        }
        assert_eq!(rows.len(), expected, "rows of jobs that are no more");
    }
}
