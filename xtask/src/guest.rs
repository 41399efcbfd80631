//! The Python guest, before it is run.

use anyhow::Result;

use crate::shell::{self, Selection};

/// Puts the Python guest where the programs that run it look for it: one that was built elsewhere,
/// if the environment names one, or else one that is built here.
pub(crate) fn python() -> Result<()> {
    if let Some(archive) = shell::prebuilt_guest() {
        let mut take = shell::program("take-guest", Selection::Prebuilt, &[])?;
        return shell::run(take.arg(archive));
    }
    if !shell::guests().join("python.aot").exists() {
        eprintln!(
            "building the Python guest, which needs Python 3 and takes a few minutes. A program of this checkout that \
             was built elsewhere does without: WIT_WIRE_GUEST=FILE names its archive (docs/src/artifacts.md)"
        );
    }
    shell::build_guests(&["python"])
}
