//! The examples that print, run as their own words say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What `cargo run --bin` prints to stdout.
fn run(example: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["run", "--quiet", "--bin", example, "--"])
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn quickstart() {
    let printed = run("quickstart", &[]);
    let mut lines = printed.lines();
    assert!(lines.next().unwrap().starts_with("24.9 in "), "{printed}");
    let error = "InputError: $[0]: expected a number, got the string 'free'";
    assert_eq!(lines.collect::<Vec<_>>(), [error]);
}

#[test]
fn a_column_comes_back_in_order_whatever_the_batch() {
    // It compares the answers of all sizes of batches itself.
    let printed = run("batch", &["2500"]);
    let sizes = ["1", "10", "100", "1000", "10000"];
    let rows = printed.lines().skip(1).take(sizes.len());
    let found: Vec<_> = rows
        .map(|row| row.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(found, sizes, "{printed}");
    assert!(
        printed.ends_with("in row 1 of the batch: 'warm'\n"),
        "{printed}"
    );
}

#[test]
fn plugins_of_three_languages() {
    let plugins = [
        "target/guest/rust-shop.wasm:total",
        "examples/plugins/functions/shipping.js:shipping",
        "examples/plugins/functions/invoice.py:invoice",
    ];
    for (quantity, said) in [
        (3, "\"1 lines, parcel 4.90, to pay 17.80\"\n"),
        (20, "\"1 lines, parcel free, to pay 86.00\"\n"),
    ] {
        let cart = format!(r#"[{{"sku": "tea", "quantity": {quantity}}}]"#);
        let arguments = [&[cart.as_str()], &plugins[..]].concat();
        assert_eq!(run("plugins", &arguments), said);
    }
}

/// An order in a folder of its own, and the program that works with it.
struct Orders {
    folder: tempfile::TempDir,
    program: std::path::PathBuf,
}

impl Orders {
    const ORDER: &[&str] = &[
        "order",
        "7",
        r#"{"customer": "Ada", "lines": [{"price": 450, "quantity": 2}]}"#,
    ];

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As cargo runs it, which also builds it.
        let printed = run(
            "durable",
            &["--folder", folder.path().to_str().unwrap(), "--help"],
        );
        assert!(printed.contains("approve"), "{printed}");
        let tests = std::env::current_exe().unwrap();
        let program = tests.parent().and_then(Path::parent).unwrap();
        Self {
            folder,
            program: program.join("durable"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--folder")
            .arg(self.folder.path());
        command
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts it, and kills it after `time`. Whether it ended by itself before that.
    fn killed_after(&self, arguments: &[&str], time: Duration) -> bool {
        let mut command = self.command(arguments);
        let mut process = command.stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(time);
        process.kill().unwrap();
        let status = process.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "{status}");
        status.success()
    }

    /// The endings of the files that are not for one process alone.
    fn kinds(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut kinds: Vec<_> = names
            .filter_map(|name| Some(name.split_once('.')?.1.to_owned()))
            .collect();
        kinds.sort();
        kinds
    }
}

#[test]
fn an_order_waits_in_a_file_and_goes_on_in_another_process() {
    let orders = Orders::new();
    let waits = "order 7 waits for approval: {\"customer\":\"Ada\",\"total\":900}\n";
    assert_eq!(orders.says(Orders::ORDER), waits);
    assert_eq!(orders.kinds(), ["parked"]);
    // The same order is no second one.
    assert_eq!(orders.says(Orders::ORDER), waits);
    let paid = "order 7: Ada paid 900.00, receipt 7-2\n";
    assert_eq!(orders.says(&["approve", "7"]), paid);
    assert_eq!(orders.kinds(), ["charge", "done"]);
    assert_eq!(orders.says(&["refuse", "7"]), paid);
}

#[test]
fn an_order_survives_kills_at_any_moment_and_is_paid_once() {
    let orders = Orders::new();
    for (arguments, left) in [
        (Orders::ORDER, &["parked"][..]),
        (&["approve", "7"][..], &["charge", "done"][..]),
    ] {
        // A millisecond later each time, until it was quick enough.
        let times = (0..10_000).map(Duration::from_millis);
        let kills = times.take_while(|time| !orders.killed_after(arguments, *time));
        assert!(kills.count() > 1, "it was killed");
        let kinds = orders.kinds();
        assert!(
            left.iter().all(|kind| kinds.contains(&(*kind).to_owned())),
            "{kinds:?}"
        );
    }
    assert_eq!(
        orders.says(Orders::ORDER),
        "order 7: Ada paid 900.00, receipt 7-2\n"
    );
    let charges = orders.kinds().into_iter().filter(|kind| kind == "charge");
    assert_eq!(charges.count(), 1);
}
