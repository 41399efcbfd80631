// Source text that is run, and its place in stack traces.
//
// The engine names all of it `<input>` and has no other name to give. What tells one
// source from another are its lines: each source is put below all lines there were
// before, and a trace's line then says which source it is in.

import { evaluate, push, repeat, split } from "./builtins.js";

// Lines that are left to what user code itself evaluates.
const FIRST = 10_000;

const places = [];
let end = FIRST;

/** Evaluates `source` between `head` and `tail`, named `name` in stack traces; `columnOf` tells its columns there. */
export function run(name, head, source, tail, columnOf = (line, column) => column) {
  const start = end;
  end += split(source, "\n").length + 1;
  push(places, { name, start, end, columnOf });
  return evaluate(`${head}${repeat("\n", start)}${source}\n${tail}`);
}

/** `file:line:column`, in the user's terms if the engine's are not. */
export function locate(file, line, column) {
  if (file === "<input>")
    for (let i = 0; i < places.length; i++) {
      const { name, start, end, columnOf } = places[i];
      if (start < line && line <= end) return `${name}:${line - start}:${columnOf(line - start, column)}`;
    }
  return `${file}:${line}:${column}`;
}
