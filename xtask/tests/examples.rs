//! The examples that print, run as their own words say.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

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
