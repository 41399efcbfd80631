//! `cargo xtask serve FOLDER`.

use std::ffi::OsString;

use anyhow::Result;

use crate::shell::{self, Selection};
use crate::{asks_for_help, guest};

/// Becomes the server.
pub(crate) fn serve(arguments: &[OsString]) -> Result<()> {
    if !asks_for_help(arguments) {
        guest::python()?;
    }
    // It brings more packages than the rest of the server: built only for those who use it.
    let features: &[&str] = match std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Some(_) => &["serve/otlp"],
        None => &[],
    };
    let mut server = shell::program("serve", Selection::of_python(), features)?;
    server.args(arguments);
    shell::become_program(server)
}
