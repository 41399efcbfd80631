//! Functions given as source, in the real guest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wit_wire_javascript::{Source, def, lambda, module, modules};

/// Calls in a process of its own: `wasm-runtime` as a dependency would be built once more, with the
/// features that swc asks of the packages they share.
fn call(data: &Value, input: &Value) -> Result<Value, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let call = "run --quiet --package xtask -- call target/guest/javascript.wasm f";
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args(call.split(' '));
    cargo
        .arg(input.to_string())
        .arg("--data")
        .arg(data.to_string());
    let output = cargo.output().unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn javascript_and_typescript() {
    let script = "\
interface Item { price: number; quantity?: number }
type Items = readonly Item[];

function total<T extends Items>(items: T): number {
    const price = (item: Item): number => item.price * (item.quantity ?? 1);
    return (items as Items).map(price).reduce((a, b) => a + b, 0)!;
}
";
    let files = [
        (
            "shop/cart.ts",
            "\
import type { Rate } from './tax.ts';
import { tax } from './tax.ts';
import { round } from './round.js';

const rate: Rate = 0.5;
export const total = (net: number): number => round(tax(net, rate));
",
        ),
        (
            "shop/tax.ts",
            "\
export type Rate = number;
export function tax(net: number, rate: Rate) { return net * (1 + rate); }
",
        ),
        (
            "shop/round.js",
            "export const round = (x) => Math.round(x);\n",
        ),
    ];
    let items = json!([{"price": 2, "quantity": 3}, {"price": 4}]);
    for (data, input, expected) in [
        (
            lambda(Source::JavaScript("x => x * 2")),
            json!(21),
            json!(42),
        ),
        (
            lambda(Source::TypeScript("(x: number): number => x * 2 // twice")),
            json!(21),
            json!(42),
        ),
        (
            lambda(Source::TypeScript(
                "function (x: string) { return x as unknown; }",
            )),
            json!("é🦀"),
            json!("é🦀"),
        ),
        (def("total", Source::TypeScript(script)), items, json!(10)),
        (
            module(
                "default",
                Source::TypeScript("export default <T>(x: T[]): T => x[0]!;"),
            ),
            json!([7]),
            json!(7),
        ),
        (modules("total", "shop/cart.ts", files), json!(5), json!(8)),
    ] {
        let data = data.unwrap();
        assert_eq!(call(&data, &input).unwrap(), expected, "{data}");
    }
}

#[test]
fn a_stack_trace_has_the_lines_of_the_typescript() {
    let source = "\
type Deep = { a?: { b: number } };

function f(x: Deep): number {
  return x.a!.b;
}
";
    let data = def("f", Source::TypeScript(source)).unwrap();
    let error = call(&data, &json!({})).unwrap_err();
    assert!(error.contains("(<f>:4:"), "{error}");
}

#[test]
fn syntax_beyond_types_is_an_error_with_its_location() {
    let enumeration = "const a = 1;\n  enum Color { Red }\nfunction f() {}";
    let namespace = [("lib/a.ts", "namespace N { export const x = 1 }")];
    for (data, file, line, column) in [
        (def("f", Source::TypeScript(enumeration)), "<def>", 2, 3),
        (
            def("f", Source::TypeScript("function f(x: number {}")),
            "<def>",
            1,
            22,
        ),
        (
            lambda(Source::TypeScript("(é: number) => }")),
            "<lambda>",
            1,
            16,
        ),
        (modules("f", "a.ts", namespace), "lib/a.ts", 1, 1),
    ] {
        let error = data.unwrap_err();
        assert_eq!(
            (error.file.as_str(), error.line, error.column),
            (file, line, column),
            "{error}"
        );
    }
}
