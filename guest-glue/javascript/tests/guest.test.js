// What `guest` makes of plain functions, and the JSON it speaks.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decode, encode, NotJson } from "../src/wire-json.js";
import { guest, op, Unusable } from "../src/guest.js";

const ops = {
  add: ({ a, b }) => a + b,
  greet: op(({ greeting }, { name, title }) => (input) => [greeting, name, title, input]),
  picky: op(() => {
    throw new Unusable("no");
  }),
  broken: op(() => {
    throw new RangeError("broken on purpose");
  }),
  nothing: op(() => undefined),
};

const mat = (opName, data = "null") => ({ opName, matTitle: `the ${opName}`, matDataJson: data });
const init = (expectedOps, metatypeVersion = "0.0.1") => ({ expectedOps, metatypeVersion });

test("a table of handlers", () => {
  const wire = guest(ops);
  assert.deepEqual(wire.init(init([mat("add"), mat("greet", '{"greeting": "hi"}')])), { ok: true });
  assert.equal(wire.handle({ opName: "add", inJson: '{"a": 1, "b": 2}' }), "3");
  assert.equal(wire.handle({ opName: "greet", inJson: "1" }), '["hi","greet","the greet",1]');
  assert.throws(() => wire.handle({ opName: "nothing", inJson: "1" }), { tag: "no-handler" });
  assert.throws(() => wire.init(init([])), { tag: "other" });
});

test("init refuses", () => {
  for (const [refused, tag] of [
    [mat("toString"), "unexpected-mat"],
    [mat("__proto__"), "unexpected-mat"],
    [mat("picky"), "unexpected-mat"],
    [mat("greet", "{"), "unexpected-mat"],
    [mat("broken"), "other"],
    [mat("nothing"), "other"],
  ]) {
    const wire = guest(ops);
    assert.throws(() => wire.init(init([mat("add"), refused])), (thrown) => {
      assert.equal(thrown.tag, tag, refused.opName);
      if (tag === "other") assert.equal(JSON.parse(thrown.val).op, refused.opName);
      else assert.equal(thrown.val, refused);
      return true;
    });
    assert.throws(() => wire.handle({ opName: "add", inJson: "1" }), { tag: "no-handler" });
  }
  assert.throws(() => guest(ops).init(init([], "0.0.2")), { tag: "version-mismatch", val: "0.0.1" });
});

test("two instances have different random numbers", () => {
  const first = () => {
    guest({}).init(init([]));
    return Math.random();
  };
  const numbers = Array.from({ length: 100 }, first);
  assert.equal(new Set(numbers).size, 100);
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
});

test("JSON that goes in comes out", () => {
  for (const text of [
    "null", "true", "0", "-1", "0.1", "5e-324", "1.7976931348623157e+308", "0.30000000000000004",
    "9007199254740991", "9007199254740993", "-9223372036854775808", '{"id":[18446744073709551615]}',
    '""', '"é🦀\\u0000\u2028"', '"\\\\ud800"', '"ud800 null 1234567890123456789"',
    '{"__proto__":1,"toString":{"":null}}',
    "[".repeat(1000) + "]".repeat(1000), JSON.stringify(Array(3000).fill({ a: ['["', "\\", '\\"['] })),
  ])
    assert.equal(encode(decode(text)), text);
  assert.deepEqual(decode("[1.0,1e2,-0.0]"), [1, 100, -0]);
});

test("what is not JSON", () => {
  for (const text of [
    "", " ", "{", "nope", "undefined", "[1,]", "{a:1}", "'a'", "01", "1.", "+1", "1 2", '"\t"', "\ufeff1", "NaN",
    "[Infinity]", "1e309", "[-1e400]", "9".repeat(5000), "9".repeat(400) + ".5", '"\\ud800"', '["\\uDC00"]',
    '{"\\ud83ex":1}',
    "[".repeat(1001) + "]".repeat(1001), "[".repeat(100_000), '{"a":'.repeat(2000), '["]",'.repeat(2000),
  ])
    assert.throws(() => decode(text), NotJson, text.slice(0, 20));
});

test("the WIT is the protocol's", () => {
  const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
  assert.equal(read("../wit/deps/wit-wire.wit"), read("../../../wit/wit-wire.wit"));
});
