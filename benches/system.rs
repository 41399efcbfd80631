//! The system's CPython, without a sandbox.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The interpreter's own binary, and not a version manager's script before it.
pub fn system_python() -> PathBuf {
    let mut asked = Command::new("python3");
    let asked = asked.args(["-c", "import sys; print(sys.executable)"]);
    let answer = asked.output().expect("a Python on the PATH").stdout;
    let path = String::from_utf8(answer).expect("a path");
    std::fs::canonicalize(path.trim()).expect("an interpreter")
}

/// A process of `python` that runs `source`.
pub fn python_process(python: &Path, source: &str) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-I", "-c", source])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}
