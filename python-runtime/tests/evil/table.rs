//! The cases, from the `README.md` next to the programs.

use std::fmt;
use std::path::Path;

use serde_json::value::RawValue;

pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/evil");

pub(crate) struct Case {
    /// Without its `.py`, which is the kind of attack.
    pub(crate) file: &'static str,
    pub(crate) function: &'static str,
    pub(crate) input: Box<RawValue>,
    /// Whether the function is called by the module's body and not by a caller.
    pub(crate) is_loading: bool,
    pub(crate) expected: &'static str,
}

impl Case {
    /// Whether it has values nested deeper than 10,000: those take half of the time.
    pub(crate) fn is_deepest(&self) -> bool {
        let input = self.input.get();
        let depth = input.parse().unwrap_or(input.len() / 2);
        self.file == "deep" && depth > 10_000
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.is_loading {
            " while loading"
        } else {
            ""
        };
        let input: String = self.input.get().chars().take(20).collect();
        write!(f, "{}.{}({input}){when}", self.file, self.function)
    }
}

/// All cases. Each function of a file must be in its table.
pub(crate) fn read() -> Vec<Case> {
    let text = std::fs::read_to_string(format!("{FOLDER}/README.md")).unwrap();
    let text: &'static str = text.leak();
    let mut cases = Vec::new();
    let mut file = "";
    let mut inputs: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            file = title.strip_suffix(".py").unwrap_or("");
        }
        let Some(row) = line.strip_prefix("| ").filter(|_| !file.is_empty()) else {
            continue;
        };
        let mut cells = row
            .trim_end()
            .trim_end_matches('|')
            .split(" | ")
            .map(str::trim);
        let first = cells.next().unwrap();
        if first == "function" {
            inputs = cells.collect();
            continue;
        }
        let (function, is_loading) = match first.strip_suffix(" while loading") {
            Some(function) => (function, true),
            None => (first, false),
        };
        for (expected, input) in cells.zip(&inputs) {
            cases.push(Case {
                file,
                function,
                input: self::input(input),
                is_loading,
                expected: bare(expected),
            });
        }
    }
    is_complete(&cases);
    cases
}

/// A cell's text.
fn bare(cell: &str) -> &str {
    let code = cell
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'));
    code.unwrap_or(cell)
}

/// What the head of a column asks for: a number, lists nested so deep, or so long a text.
fn input(head: &str) -> Box<RawValue> {
    let (kind, number) = head.split_once(' ').unwrap_or(("", head));
    let number = number.replace(',', "").parse().unwrap_or(0);
    match kind {
        "nested" => nested(number),
        "text" => RawValue::from_string(format!("{:?}", "x".repeat(number))).unwrap(),
        _ => RawValue::from_string(number.to_string()).unwrap(),
    }
}

pub(crate) fn nested(depth: usize) -> Box<RawValue> {
    RawValue::from_string("[".repeat(depth) + &"]".repeat(depth)).unwrap()
}

fn is_complete(cases: &[Case]) {
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
        if path.extension().is_none_or(|ending| ending != "py") || file == "neighbour" {
            continue;
        }
        for name in functions(&path) {
            let is_tried = cases
                .iter()
                .any(|case| case.file == file && case.function == name);
            assert!(is_tried, "{file}.{name} is in no row of the table");
        }
    }
}

/// The functions that a file has for others.
fn functions(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let defs = text.lines().filter_map(|line| {
        line.strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("def ")
    });
    let names = defs.filter_map(|rest| rest.split_once('('));
    names
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.starts_with('_'))
        .collect()
}
