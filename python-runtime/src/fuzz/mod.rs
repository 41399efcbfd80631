//! What must hold for any bytes: the checks of the fuzz targets (`fuzz/`), which run as tests too.
//! Those in `guest` use the real guest.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a check fails by panicking, and is not part of the API"
)]

mod guest;

use std::io::Cursor;
use std::path::Path;

use crate::library::{self, Library};
use crate::{CallError, Error, PythonError, PythonSource, SourceTree};

pub use guest::{host_module, op_data, program, value};

/// A guest's error message is read as a Python exception or kept as a string; both can be
/// displayed.
pub fn error(bytes: &[u8]) {
    let Ok(message) = std::str::from_utf8(bytes) else {
        return;
    };
    let message = message.to_owned();
    let failed = CallError::Handler {
        op: "f".to_owned(),
        message: message.clone(),
    };
    let python = PythonError::of(&failed);
    let init = Error::from(CallError::Init { message });
    match (&python, &init) {
        (Some(python), Error::Python { error, .. }) => assert_eq!(**error, *python),
        (_, Error::Program(_)) => {}
        other => panic!("{other:?}"),
    }
    let shown = (python.map(|error| error.to_string()), init.to_string());
    assert!(shown.1.len() <= bytes.len() * 8 + 100);
}

/// The files of sources and wheels stay inside their folder, each under one name.
///
/// The bytes are a wheel, and paths of sources separated by line feeds.
pub fn sources(bytes: &[u8]) {
    let mut packages = Library::default();
    let wheel = Path::new("a-1-py3-none-any.whl");
    match library::add_wheel(&mut packages, Cursor::new(bytes), wheel) {
        Ok(()) => {}
        Err(
            Error::Wheel { .. }
            | Error::Native { .. }
            | Error::Path { .. }
            | Error::Conflict { .. }
            | Error::TooLarge { .. }
            | Error::Read { .. },
        ) => {}
        Err(error) => panic!("{error:?}"),
    }
    packages.paths().for_each(inside);

    let Ok(paths) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut tree = SourceTree::new();
    for path in paths.split('\n') {
        match tree.clone().file(path, "") {
            Ok(more) => tree = more,
            Err(Error::Path { path: refused }) => assert_eq!(refused, path),
            Err(error) => panic!("{error:?}"),
        }
        match PythonSource::from_tree(tree.clone(), path) {
            Ok(_) | Err(Error::Target { .. } | Error::NoModule { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    tree.files().for_each(|(path, _)| inside(path));
}

fn inside(path: &str) {
    assert!(!path.contains(['\\', '\0']), "{path:?}");
    for part in path.split('/') {
        assert!(!["", ".", ".."].contains(&part), "{path:?}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn errors() {
        mutations::run("error", 5_000, super::error);
    }

    #[test]
    fn sources() {
        mutations::run("sources", 5_000, super::sources);
    }

    #[test]
    fn host_modules() {
        mutations::run("host_module", 800, super::host_module);
    }

    #[test]
    fn op_data() {
        mutations::run("op_data", 200, super::op_data);
    }

    #[test]
    fn programs() {
        mutations::run("program", 100, super::program);
    }

    #[test]
    fn values() {
        mutations::run("value", 2_000, super::value);
    }
}
