//! A list of a component's functions for `perf`, which knows code that was loaded at run time by nothing else.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Component;

use crate::error::Error;

/// This process's list, which `perf` looks for under this name.
static LIST: Mutex<Option<File>> = Mutex::new(None);

/// Adds the functions of `component`, by the names that its maker gave them. The engine has a list of its own, in which code without symbols
/// has none of them.
pub(crate) fn add(component: &Component) -> Result<(), Error> {
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let mut list = LIST.lock().unwrap_or_else(PoisonError::into_inner);
    let list = match &mut *list {
        Some(list) => list,
        none => none.insert(create(&path).map_err(Error::io("making a list for perf"))?),
    };
    let mut writer = BufWriter::new(list);
    let start = component.text().as_ptr().addr();
    let mut write = || {
        for function in component.functions() {
            let address = start + function.offset;
            write!(writer, "{address:x} {:x} ", function.len)?;
            match function.name {
                // A line is a function.
                Some(name) => writeln!(writer, "{}", name.replace(['\n', '\r'], "_"))?,
                None => writeln!(
                    writer,
                    "wasm[{}]::function[{}]",
                    function.module.as_u32(),
                    function.index.as_u32()
                )?,
            }
        }
        writer.flush()
    };
    write().map_err(Error::io("writing a list for perf"))
}

/// One that another process of this number left is replaced. `/tmp` keeps files from all but their owners, and a link is not followed. Where
/// code lies is nobody else's business.
fn create(path: &str) -> std::io::Result<File> {
    let create = || {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600).open(path)
    };
    match create() {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            create()
        }
        created => created,
    }
}
