//! The glue's own tests, in the languages of the guests and without a sandbox.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::shell::{self, Selection, show};
use crate::{javascript, tools};

pub(crate) fn test() -> Result<()> {
    let mut unittest = tools::isolated(tools::python()?);
    unittest.current_dir(shell::root().join("guest-glue/python"));
    show(unittest.args("-B -m unittest discover --start-directory tests".split(' ')))?;
    javascript::test(&shell::guests())?;
    json_of_c()?;
    stubs()
}

/// The C guest's reader of JSON, natively.
fn json_of_c() -> Result<()> {
    let test = shell::guests().join("json_test");
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    cc.current_dir(shell::root().join("guest-glue/c"));
    show(
        cc.args("-std=c11 -I . tests/json_test.c json.c -o".split(' '))
            .arg(&test),
    )?;
    show(&mut Command::new(test))
}

/// Has mypy read code against the stubs of the modules that `python-runtime` is tested with. It
/// must find what the code's own comments (`# error: arg-type`) say, and nothing else.
fn stubs() -> Result<()> {
    let tests = shell::root().join("python-runtime/tests");
    let code = tests.join("mypy");
    let tools = tools::environment(&shell::guests(), "mypy", &code)?;
    let work = tempfile::tempdir()?;
    let mut write = shell::program("python-cli", Selection::Workspace, &[])?;
    write.arg("stubs").arg(tests.join("host/modules.json"));
    shell::quiet(write.arg(work.path()))?;

    let mut expected = BTreeSet::new();
    let mut mypy = tools::isolated(tools::program(&tools, "mypy"));
    mypy.current_dir(&code).env("MYPYPATH", work.path());
    mypy.args(
        "--strict --config-file= --no-color-output --no-pretty --no-error-summary --cache-dir"
            .split(' '),
    )
    .arg(work.path().join("cache"));
    for file in ["bad.py", "good.py"] {
        mypy.arg(file);
        let text = fs::read_to_string(code.join(file))?;
        expected.extend((1..).zip(text.lines()).filter_map(|(i, line)| {
            let (_, error) = line.split_once("# error: ")?;
            Some(format!("{file}:{i}: {error}"))
        }));
    }
    let output = shell::step("having mypy read the stubs of host modules", || {
        Ok(mypy.output()?)
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let found: BTreeSet<_> = said
        .lines()
        .filter_map(|line| {
            let (place, problem) = line.split_once(": error: ")?;
            let (_, code) = problem.trim_end_matches(']').rsplit_once('[')?;
            Some(format!("{place}: {code}"))
        })
        .collect();
    ensure!(
        found == expected,
        "expected of mypy: {expected:#?}\nit said:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
