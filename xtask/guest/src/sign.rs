//! `cargo xtask sign ARCHIVE --key FILE`: vouches for an archive, for those who load it from
//! elsewhere.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use artifact_embed::{Header, SigningKey};
use clap::Parser;
use guest_stamp::replace;

#[derive(Parser)]
pub(crate) struct Args {
    /// The archive; the signature becomes a file next to it, with `.sig` after its name.
    archive: PathBuf,
    /// A private Ed25519 key in a PEM file: `openssl genpkey -algorithm ed25519 -out key.pem` makes
    /// one.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

pub(crate) fn sign(args: &Args) -> Result<()> {
    let reading = |path: &Path| format!("reading {}", path.display());
    let key = fs::read_to_string(&args.key).with_context(|| reading(&args.key))?;
    let key = SigningKey::from_pem(&key).with_context(|| reading(&args.key))?;
    let bytes = fs::read(&args.archive).with_context(|| reading(&args.archive))?;
    let signed = key.sign(&bytes).with_context(|| reading(&args.archive))?;
    let signature = signature_of(&args.archive);
    replace(&signature, &signed)?;
    println!(
        "{}: archive {}, by {}",
        signature.display(),
        Header::read(&bytes)?.0.digest(),
        key.public_key()
    );
    Ok(())
}

/// Where the signature of an archive is.
fn signature_of(archive: &Path) -> PathBuf {
    let mut name = OsString::from(archive);
    name.push(".sig");
    name.into()
}
