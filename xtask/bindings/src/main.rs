//! What wit-bindgen makes of the WIT. A program of its own, since no other command needs what it is
//! made of.

mod bindings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Generate the bindings of Rust guests from the WIT.
    Bindings,
    /// Write the bindings of C guests into a folder.
    #[command(hide = true)]
    C { folder: PathBuf },
    /// Make a component of a core module.
    #[command(hide = true)]
    Component { module: PathBuf, component: PathBuf },
}

fn main() -> ExitCode {
    xtask_shell::exit_code(match Command::parse() {
        Command::Bindings => bindings::write(),
        Command::C { folder } => bindings::c(&folder),
        Command::Component { module, component } => bindings::component(&module, &component),
    })
}
