//! Builds guests, and what is released of them. It does not run them.
//!
//! In reading order: `guest` (which guests there are, and `cargo xtask build-guest`), a module for
//! each language, with `tools` and `packages` for Python's, `lock`, `compilers` (for other processors);
//! `sign`, `verify` and `dist`, for releases; `glue` (the tests that guests have in their own
//! languages).

mod c;
mod compilers;
mod core_module;
mod dist;
mod files;
mod glue;
mod guest;
mod javascript;
mod lock;
mod native;
mod packages;
mod python;
mod rust;
mod sign;
mod sqlite;
mod tools;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use xtask_shell as shell;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Build what is not up to date of a guest: tools, component, precompiled archive.
    BuildGuest(guest::Args),
    /// Sign an archive, for those who load it from elsewhere: its signature is written next to it.
    Sign(sign::Args),
    /// Compile a component again for an archive's target, and say whether the archive is that.
    Verify(verify::Args),
    /// Make what is released, in target/dist: archives of the Python guest, packages of all crates,
    /// their digests; a table of sizes on stdout.
    Dist(dist::Args),
    /// Run the tests that guests have in their own languages.
    #[command(hide = true)]
    TestGlue,
}

fn main() -> ExitCode {
    shell::exit_code(match Command::parse() {
        Command::BuildGuest(args) => guest::build_and_tell(&args),
        Command::Sign(args) => sign::sign(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Dist(args) => dist::dist(&args),
        Command::TestGlue => glue::test(),
    })
}
