//! `cargo xtask inspect FILE`: what a component or an archive is, before it is run.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, process};

use anyhow::{Context, Result};
use artifact_embed::{Error, Header, verify_signer};
use clap::Parser;
use wasm_runtime::Error::NotAComponent;
use wasm_runtime::printable;
use wit_component::DecodedWasm;

#[derive(Parser)]
pub(crate) struct Args {
    /// A component, or an archive of one.
    file: PathBuf,
}

pub(crate) fn inspect(args: &Args) -> Result<()> {
    let bytes = fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let shown = match Header::read(&bytes) {
        Ok((header, payload)) => {
            archive(&header, bytes.len(), payload.len());
            signature(args, header.digest())
        }
        Err(Error::NotAnArchive { .. }) => component(&bytes),
        Err(error) => Err(error.into()),
    };
    shown.with_context(|| args.file.display().to_string())
}

fn archive(header: &Header, bytes: usize, payload: usize) {
    row("archive", size(bytes));
    row("  header", size(bytes - payload));
    row(
        "  frames",
        format!("{} of {}", header.frame_count(), size(payload)),
    );
    row("  code", size(header.code_bytes() as usize));
    row("for target", header.target());
    row(
        "  processor",
        if header.cpu().is_empty() {
            "baseline"
        } else {
            header.cpu()
        },
    );
    row("  wasmtime", header.wasmtime_version());
    row("  profile", header.fingerprint());
    row("component", size(header.component_bytes() as usize));
    row("  digest", header.component_digest());
    row("  payload", header.payload_digest());
    row("reset in place", verdict(header.obstacles(), None));
}

/// The archive's digest, and who signed it.
fn signature(args: &Args, digest: &str) -> Result<()> {
    row("digest", digest);
    let path = signature_of(&args.file);
    let signed = match fs::read(&path) {
        Ok(signature) => match verify_signer(digest, &signature) {
            Ok(key) => format!("by {key}"),
            Err(error) => error.to_string(),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "none".into(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    row("signature", signed);
    Ok(())
}

/// Where `cargo xtask sign` puts the signature of an archive.
fn signature_of(archive: &Path) -> PathBuf {
    let mut name = OsString::from(archive);
    name.push(".sig");
    name.into()
}

fn component(bytes: &[u8]) -> Result<()> {
    let dialect = dialect(bytes)?;
    let inspection = artifact_embed::inspect(bytes)?;
    row("component", size(bytes.len()));
    row("  digest", &inspection.digest);
    for module in &inspection.modules {
        let name = module.name.as_deref().unwrap_or("(no name)");
        row(
            "  module",
            format!(
                "{}: code {}, data {}  {name}",
                size(module.bytes),
                size(module.code_bytes),
                size(module.data_bytes)
            ),
        );
    }
    row("dialect", dialect);
    let (imports, exports) = interfaces(bytes)?;
    rows("imports", &imports);
    rows("exports", &exports);
    let obstacles: Vec<_> = inspection
        .obstacles
        .iter()
        .map(ToString::to_string)
        .collect();
    row(
        "reset in place",
        verdict(&obstacles, Some(inspection.mutable_globals)),
    );
    Ok(())
}

/// The dialect of the protocol that the component speaks, by the check that every host makes.
fn dialect(bytes: &[u8]) -> Result<String> {
    let runtime = crate::runtime()?;
    let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(match tokio.block_on(runtime.component(bytes)) {
        Ok(component) => format!("{:?}", component.dialect()).to_lowercase(),
        Err(error @ NotAComponent { .. }) => return Err(error.into()),
        Err(error) => error.to_string(),
    })
}

fn interfaces(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>)> {
    let decoded = wit_component::decode(bytes)?;
    let DecodedWasm::Component(resolve, world) = &decoded else {
        return Ok((Vec::new(), Vec::new()));
    };
    let Some(world) = resolve.worlds.get(*world) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let names =
        |items: &mut dyn Iterator<Item = _>| items.map(|key| resolve.name_world_key(key)).collect();
    Ok((
        names(&mut world.imports.keys()),
        names(&mut world.exports.keys()),
    ))
}

/// Whether an instance can be taken back to a state it had, for a component with this number of
/// mutable globals.
fn verdict(obstacles: &[String], globals: Option<usize>) -> String {
    if !obstacles.is_empty() {
        return format!("impossible: {}", obstacles.join("; "));
    }
    let globals = globals.map_or_else(String::new, |count| format!(" ({count} mutable globals)"));
    format!("possible, after calls that neither grow the memory nor leave handles{globals}")
}

fn rows(title: &str, values: &[String]) {
    if values.is_empty() {
        row(title, "none");
    }
    for (index, value) in values.iter().enumerate() {
        row(if index == 0 { title } else { "" }, value);
    }
}

fn row(title: &str, value: impl AsRef<str>) {
    if writeln!(io::stdout(), "{title:<15} {}", printable(value.as_ref())).is_err() {
        // Whoever reads has seen enough.
        process::exit(0);
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
