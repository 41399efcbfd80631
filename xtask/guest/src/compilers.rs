//! Compilers for other processors than this machine's: a build of this program that has them.

use anyhow::Result;

use crate::shell::{self, Selection};

/// Makes sure that this program can compile for `targets`. Where it can't, it is built with what
/// that takes and started again with the same arguments, and this does not return.
pub(crate) fn can_compile_for(targets: &[String]) -> Result<()> {
    let is_other = |target: &String| !target.starts_with(std::env::consts::ARCH);
    match targets.iter().find(|target| is_other(target)) {
        Some(target) if !cfg!(feature = "cross") => {
            eprintln!("building with compilers for other processors, which {target} needs ...");
            let features = ["guest-build/cross"];
            let mut with_them = shell::program("guest-build", Selection::Workspace, &features)?;
            with_them.args(std::env::args_os().skip(1));
            shell::become_program(with_them)
        }
        _ => Ok(()),
    }
}
