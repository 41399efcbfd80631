//! A list of a component's functions for `perf`, its only way to know code that was loaded at run
//! time.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Component;

use crate::error::Error;
use crate::sys::create_private_file;

/// This process's list, at the path where `perf` looks for it.
static LIST: Mutex<Option<File>> = Mutex::new(None);

/// Appends the functions of `component`, with the names that the component itself gives them.
///
/// Wasmtime writes such a list too, but takes names from symbols, which archives do not have.
pub(super) fn append(component: &Component) -> Result<(), Error> {
    let mut list = LIST.lock().unwrap_or_else(PoisonError::into_inner);
    let list = match &mut *list {
        Some(list) => list,
        none => none.insert(create().map_err(Error::io("creating the function list for perf"))?),
    };
    write(list, component).map_err(Error::io("writing the function list for perf"))
}

/// One that an earlier process with this number left is replaced. Where code lies is private, and
/// in `/tmp` only the owner of a file can remove it.
fn create() -> std::io::Result<File> {
    let path = format!("/tmp/perf-{}.map", std::process::id());
    create_private_file(Path::new(&path))
}

fn write(list: &File, component: &Component) -> std::io::Result<()> {
    let mut list = BufWriter::new(list);
    let start = component.text().as_ptr().addr();
    for function in component.functions() {
        let address = start + function.offset;
        write!(list, "{address:x} {:x} ", function.len)?;
        match function.name {
            // Each function is one line.
            Some(name) => writeln!(list, "{}", name.replace(['\n', '\r'], "_"))?,
            None => writeln!(
                list,
                "wasm[{}]::function[{}]",
                function.module.as_u32(),
                function.index.as_u32()
            )?,
        }
    }
    list.flush()
}
