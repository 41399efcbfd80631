//! What wit-bindgen makes of the WIT, for guests in Rust and C.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_component::ComponentEncoder;

use xtask_shell as shell;

/// Writes the bindings that `guest-glue/rust` has among its sources.
pub(crate) fn write() -> Result<()> {
    let path = rust_path();
    fs::write(&path, rust()?).with_context(|| format!("writing {}", path.display()))
}

/// Writes the bindings of C guests: header, source, and an object file with the component's type.
pub(crate) fn c(folder: &Path) -> Result<()> {
    for (name, bytes) in generate(wit_bindgen_c::Opts::default().build())?.iter() {
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Wraps a core module into a component of the type that it carries.
pub(crate) fn component(module: &Path, component: &Path) -> Result<()> {
    let bytes = fs::read(module).with_context(|| format!("reading {}", module.display()))?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("making a component of {}", module.display()))?;
    fs::write(component, encoded).with_context(|| format!("writing {}", component.display()))
}

fn rust_path() -> PathBuf {
    shell::root().join("guest-glue/rust/src/bindings.rs")
}

fn rust() -> Result<Vec<u8>> {
    let options = wit_bindgen_rust::Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export_guest".to_owned()),
        ..wit_bindgen_rust::Opts::default()
    };
    let files = generate(Box::new(options.build()))?;
    let (_, bytes) = files.iter().next().context("no bindings were made")?;
    Ok(bytes.to_vec())
}

fn generate(mut generator: Box<dyn WorldGenerator>) -> Result<Files> {
    let mut resolve = Resolve::default();
    let package = resolve.push_file(shell::root().join("wit/wit-wire.wit"))?;
    let world = resolve.select_world(&[package], None)?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_bindings_of_rust_guests_are_those_of_the_wit() {
        let committed = fs::read(rust_path()).unwrap();
        assert!(
            committed == rust().unwrap(),
            "the WIT or its generator changed: run `cargo xtask bindings`"
        );
    }
}
