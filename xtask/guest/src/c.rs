//! The C guest: bindings from the WIT, then a core module, then a component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use guest_stamp::Inputs;

use crate::lock::lock;
use crate::shell::{self, Selection};
use crate::tools;

const FLAGS: &str =
    "-target wasm32-wasi -mexec-model=reactor -std=c11 -Wall -Wextra -Werror -Os -s";

/// Bytes of stack, with which the memory of each new instance begins: by default it would be 16
/// MiB. The deepest JSON that the guest accepts takes less than 24 KiB.
const STACK: &str = "-Wl,-z,stack-size=131072";

pub(crate) fn build(guests: &Path) -> Result<()> {
    let sources = shell::root().join("guest-glue/c");
    let component = guests.join("c.wasm");
    // A program of its own, since what it is made of is no part of what other guests need.
    let bindings = tempfile::tempdir()?;
    let generator = || shell::program("bindings", Selection::Workspace, &[]);
    shell::quiet(generator()?.arg("c").arg(bindings.path()))?;
    let mut inputs = Inputs::default()
        .text(include_str!("c.rs"))
        .everything(bindings.path())?;
    for name in ["guest.c", "json.c", "json.h", "requirements.txt"] {
        inputs = inputs.path(&sources.join(name))?;
    }
    let made = inputs.stamp(&component);
    if made.is_fresh() {
        return Ok(());
    }
    let _lock = lock(guests)?;
    if made.is_fresh() {
        return Ok(());
    }
    let tools = tools::environment(guests, "c", &sources)?;
    made.clear()?;
    shell::step("building the C guest", || {
        let work = tempfile::tempdir_in(guests)?;
        let module = work.path().join("module.wasm");
        compile(&tools, &sources, bindings.path(), &module)?;
        let made = work.path().join("c.wasm");
        shell::quiet(generator()?.arg("component").arg(&module).arg(&made))?;
        fs::rename(&made, &component).context("the build made no component")
    })?;
    made.set()
}

fn compile(tools: &Path, sources: &Path, bindings: &Path, module: &Path) -> Result<()> {
    let mut zig = tools::isolated(tools::program(tools, "python"));
    zig.args(["-I", "-m", "ziglang", "cc"]);
    zig.args(FLAGS.split(' ')).arg(STACK);
    zig.arg("-I").arg(bindings).arg("-o").arg(module);
    zig.arg(sources.join("guest.c")).arg(sources.join("json.c"));
    zig.arg(bindings.join("wit_wire.c"))
        .arg(bindings.join("wit_wire_component_type.o"));
    // Where it keeps the C library that it builds for the target.
    zig.env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig-cache"));
    shell::quiet(&mut zig)
}
