//! The floors of each crate, as ARCHITECTURE.md has them: a module imports from floors below its
//! own, and every module stands on one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The floor of each module of each crate: rows of "`crate` | `lowest` · `next` `beside` · ...".
fn floors(architecture: &str) -> BTreeMap<&str, BTreeMap<&str, usize>> {
    let section = architecture.split("\n## Floors\n").nth(1).unwrap();
    let rows = section.split("\n## ").next().unwrap().lines();
    let names = |text| str::split(text, '`').skip(1).step_by(2);
    rows.filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, floors)| {
            let floors = floors.split('·').enumerate();
            let modules =
                floors.flat_map(|(floor, text)| names(text).map(move |name| (name, floor)));
            (name, modules.collect())
        })
        .collect()
}

/// The modules of the crate's root that the code of `file`, in the module `path`, names.
fn imports(code: &str, depth: usize) -> BTreeSet<String> {
    let code = code.split("\n#[cfg(test)]").next().unwrap();
    let code = code.split("\n#[cfg(all(test").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let root = "super::".repeat(depth);
    let mut found = BTreeSet::new();
    for start in ["crate::", &root] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:$".contains(c)) {
                continue;
            }
            let rest = &code[at + start.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(heads(group)),
                None => found.extend(word(rest)),
            }
        }
    }
    found
}

/// The first words of the parts of an import group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut is_head) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_head = true,
            c if is_head && !c.is_whitespace() => {
                heads.extend(word(&group[at..]));
                is_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn word(text: &str) -> Option<String> {
    let word: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn modules_import_from_floors_below_their_own() {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let architecture = fs::read_to_string(workspace.join("ARCHITECTURE.md")).unwrap();
    let mut wrong = Vec::new();
    let mut floors = floors(&architecture);
    assert!(
        floors.remove("guest-glue/python").is_some(),
        "its own tests read its row"
    );
    for (name, floors) in floors {
        let source = workspace.join(name).join("src");
        let pattern = source.join("**/*.rs");
        let mut seen = BTreeSet::new();
        for file in glob::glob(pattern.to_str().unwrap()).unwrap() {
            let file = file.unwrap();
            let path = file.strip_prefix(&source).unwrap().with_extension("");
            let mut path: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
            path.pop_if(|last| *last == "mod");
            let module = path[0];
            if ["lib", "main", "fuzz"].contains(&module) {
                continue;
            }
            seen.insert(module.to_owned());
            let Some(floor) = floors.get(module) else {
                wrong.push(format!("{name}: `{module}` stands on no floor"));
                continue;
            };
            for used in imports(&fs::read_to_string(&file).unwrap(), path.len()) {
                let is_below = floors.get(&*used).is_none_or(|below| below < floor);
                if !is_below && used != module {
                    wrong.push(format!("{}: imports `{used}`", file.display()));
                }
            }
        }
        for module in floors.keys().filter(|module| !seen.contains(**module)) {
            wrong.push(format!("{name}: there is no module `{module}`"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
