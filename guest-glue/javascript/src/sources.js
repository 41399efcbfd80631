// Evaluates source, and locates it in stack traces.
//
// The engine calls every source `<input>`. So each source is placed below all lines of those before
// it, and a line number says which source it belongs to.

import { evaluate, push, repeat, split } from "./builtins.js";

// Lines reserved for what user code itself evaluates.
const FIRST = 10_000;

const places = [];
let end = FIRST;

/**
 * Evaluates `source` between `head` and `tail`, as `name` in stack traces; `columnOf` maps columns
 * for them.
 */
export function run(name, head, source, tail, columnOf = (line, column) => column) {
  const start = end;
  end += split(source, "\n").length + 1;
  push(places, { name, start, end, columnOf });
  return evaluate(`${head}${repeat("\n", start)}${source}\n${tail}`);
}

/** `file:line:column`, in the user's terms. */
export function locate(file, line, column) {
  if (file === "<input>")
    for (let i = 0; i < places.length; i++) {
      const { name, start, end, columnOf } = places[i];
      if (start < line && line <= end) return `${name}:${line - start}:${columnOf(line - start, column)}`;
    }
  return `${file}:${line}:${column}`;
}
