//! What documents name exists: files, sections, chapters, commands.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The files of this checkout with such an ending that are not made by a build.
fn files(ending: &str) -> Vec<PathBuf> {
    let made = ["target", "node_modules", ".git"];
    let all = WalkDir::new(common::root())
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_str();
            !name.is_some_and(|name| made.contains(&name))
        });
    let files = all.map(|entry| entry.unwrap().into_path());
    let found: Vec<_> = files
        .filter(|path| path.extension() == Some(OsStr::new(ending)))
        .collect();
    assert!(!found.is_empty());
    found
}

/// The lines of a document that are not code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Where the links of a document lead.
fn links(text: &str) -> Vec<&str> {
    let links = prose(text).flat_map(|line| line.split("](").skip(1));
    links
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
        .collect()
}

/// The names by which sections are linked to, as GitHub and mdBook make them of headings.
fn sections(text: &str) -> BTreeSet<String> {
    let mut seen = HashMap::<String, usize>::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let name = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            _ => character.is_alphanumeric().then_some(character),
        });
        kept.collect::<String>()
    };
    headings
        .map(name)
        .map(|name| {
            let before = seen.entry(name.clone()).or_default();
            *before += 1;
            match *before {
                1 => name,
                more => format!("{name}-{}", more - 1),
            }
        })
        .collect()
}

/// What is wrong with a link of the document at `path`, if anything is.
fn broken(path: &Path, text: &str, link: &str) -> Option<String> {
    if link.starts_with("http") {
        return None;
    }
    let (file, section) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => path.to_owned(),
        file => path.parent().unwrap().join(file),
    };
    if !target.exists() {
        return Some(format!("{}: no file {link}", path.display()));
    }
    let text = match file {
        "" => text.to_owned(),
        _ if section.is_empty() => return None,
        _ => fs::read_to_string(&target).unwrap(),
    };
    let has_it = section.is_empty() || sections(&text).contains(section);
    (!has_it).then(|| format!("{}: no section {link}", path.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let text = "# A `b::c`: d_e\n[x](#a-bc-d_e) [y](gone.md)\n```\n[z](gone.md)\n```\n# A\n# A\n[w](#a-1) [v](#a-2)\n";
    let path = common::root().join("README.md");
    let found = links(text)
        .into_iter()
        .filter_map(|link| broken(&path, text, link));
    assert_eq!(found.count(), 2);

    let mut links_found = 0;
    let mut problems = Vec::new();
    for path in files("md") {
        let text = fs::read_to_string(&path).unwrap();
        let links = links(&text);
        links_found += links.len();
        problems.extend(links.iter().filter_map(|link| broken(&path, &text, link)));
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(links_found > 100, "{links_found} links");
}

/// Otherwise its samples would not be tested, or nobody would find it.
#[test]
fn every_chapter_is_in_the_summary_and_among_the_tests() {
    let docs = common::root().join("docs");
    let summary = fs::read_to_string(docs.join("src/SUMMARY.md")).unwrap();
    let tests = fs::read_to_string(docs.join("lib.rs")).unwrap();
    for path in files("md") {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.parent().unwrap() == docs.join("src") && name != "SUMMARY.md" {
            assert!(
                summary.contains(&format!("]({name})")),
                "SUMMARY.md: {name}"
            );
            assert!(tests.contains(&format!("\"src/{name}\"")), "lib.rs: {name}");
        }
    }
}

/// The variants of the public enums of a source.
fn variants(source: &str) -> Vec<&str> {
    let enums = source.split("\npub enum ").skip(1);
    let bodies = enums.filter_map(|rest| rest.split_once("\n}\n"));
    let lines = bodies.flat_map(|(body, _)| body.lines());
    let names = lines.filter_map(|line| {
        let name = line.strip_prefix("    ")?.split([' ', '(', ',']).next()?;
        name.starts_with(char::is_uppercase).then_some(name)
    });
    names.collect()
}

#[test]
fn every_error_has_its_remedy() {
    let text = fs::read_to_string(common::root().join("docs/src/errors.md")).unwrap();
    for (file, at_least) in [
        ("artifact-embed/src/error.rs", 20),
        ("python-runtime/src/error.rs", 12),
        ("wasm-runtime/src/error.rs", 6),
        ("wit-wire-host/src/error/build.rs", 6),
        ("wit-wire-host/src/error/program.rs", 5),
        ("wit-wire-host/src/error/call.rs", 19),
        ("wit-wire-host/src/metering/limit.rs", 15),
        ("wit-wire-host/src/memory/snapshot.rs", 6),
    ] {
        let source = fs::read_to_string(common::root().join(file)).unwrap();
        let variants = variants(&source);
        assert!(variants.len() >= at_least, "{file}: {variants:?}");
        for name in variants {
            // The moment of an error is not an error.
            let is_phase = ["Instantiate", "Handle"].contains(&name);
            let is_there = is_phase || text.contains(&format!("`{name}`"));
            assert!(is_there, "errors.md does not have `{name}` of {file}");
        }
    }
}

/// The `cargo xtask` commands in a document: name and options.
fn commands(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    text.split("cargo xtask ").skip(1).filter_map(|rest| {
        let end = rest.find(['`', '\n', '|', '#', '"', ';']);
        let mut words = rest
            .get(..end.unwrap_or(rest.len()))?
            .split([' ', '[', ']']);
        let name = words.next()?;
        let is_name = |character: char| character.is_ascii_lowercase() || character == '-';
        let is_option = |word: &str| {
            let name = word.strip_prefix("--");
            name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
        };
        let options = words.filter(|word| is_option(word));
        let is_command = !name.is_empty() && name.chars().all(is_name);
        is_command.then(|| (name, options.collect()))
    })
}

#[test]
fn every_command_that_is_named_is_there() {
    // With a place where it is.
    let mut named = BTreeMap::<String, (PathBuf, BTreeSet<String>)>::new();
    for path in files("md").into_iter().chain(files("rs")) {
        // This file has commands that do not exist.
        if path.ends_with("xtask/tests/docs.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (name, options) in commands(&text) {
            let empty = || (path.clone(), BTreeSet::new());
            let (_, all) = named.entry(name.to_owned()).or_insert_with(empty);
            all.extend(options.into_iter().map(str::to_owned));
        }
    }
    assert!(named.len() > 10, "{named:?}");
    for (name, (place, options)) in named {
        let place = place.display();
        let (passed, help, _) = common::xtask(&["help", &name]);
        assert!(passed, "{place}: there is no `cargo xtask {name}`");
        for option in options {
            let there = help.contains(&option);
            assert!(there, "{place}: `cargo xtask {name}` has no {option}");
        }
    }
}
