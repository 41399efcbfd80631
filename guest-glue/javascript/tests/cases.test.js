// Runs `cases.json` against the ready-made guest. The cases say what a caller sees, as
// those of the Python guest do, and run through a component as well. What only a
// component can be asked for, such as QuickJS's stack traces, is in `component.json`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { answers } from "./fakes.js";

const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));

for (const { name, ...expected } of cases)
  test(name, async () => {
    const { matWire } = await import(`../src/source-guest.js?${encodeURIComponent(name)}`);
    run(matWire, expected);
  });

function run(matWire, { ops, version = "0.0.1", hostcalls = {}, init_error, calls = [] }) {
  for (const op of Object.keys(answers)) delete answers[op];
  Object.assign(answers, hostcalls);
  const mat = ({ name, data }) => ({ opName: name, matTitle: name, matDataJson: JSON.stringify(data) });
  const expectedOps = ops.map(mat);
  const init = outcome(() => matWire.init({ expectedOps, metatypeVersion: version }));
  if (init_error) check(init_error, init);
  else assert.deepEqual(init, { value: { ok: true } });
  for (const { op, input, output, error } of calls) {
    const result = outcome(() => matWire.handle({ opName: op, inJson: input }));
    if (error) check(error, result);
    else assert.deepEqual(result.thrown ?? JSON.parse(result.value), output);
  }
}

function outcome(step) {
  try {
    return { value: step() };
  } catch (thrown) {
    return { thrown };
  }
}

function check({ kind, type, op, contains = [], lacks = [] }, { value, thrown }) {
  assert.equal(thrown?.tag, kind, value ?? thrown);
  let text = thrown.val?.opName ?? thrown.val ?? "";
  if (type) {
    const failure = JSON.parse(text);
    assert.equal(failure.type, type);
    assert.equal(failure.op, op);
    text = `${failure.message}\n${failure.traceback}`;
  }
  for (const part of contains) assert.ok(text.includes(part), `${part} is not in ${text}`);
  for (const part of lacks) assert.ok(!text.includes(part), `${part} is in ${text}`);
}
