// The guest's half of wit-wire for JavaScript: makes the protocol's two functions from
// plain ones.
//
// In reading order: `wit-wire` (this file), `context` (what a handler may ask of its
// host), `wire-json` (JSON as the wire wants it), `failure` (errors as data), `console`,
// `random`, `sources` (names in stack traces), `builtins`; and for the ready-made guest
// `guest` (from op data to a handler), `modules`, `esm`, `edits` and `scopes` (modules of
// the user's own).

import "./console.js";

import { create, freeze, hasOwn, kindOf, mend } from "./builtins.js";
import { context } from "./context.js";
import { failure, resultFailure } from "./failure.js";
import { seed } from "./random.js";
import { decode, encode, NotJson } from "./wire-json.js";

export { HostcallError } from "./context.js";

const VERSION = "0.0.1";

const SYNCHRONOUS = "a call is synchronous, and hostcalls return their answer at once";

/** Thrown by a set-up: the op is not known, or its data can't be used. */
export class Unusable extends Error {
  name = "Unusable";
}

/** An error of the protocol's, as the bindings want it. */
function refusal(tag, val) {
  mend();
  return { tag, val };
}

/** Not `instanceof` alone, which runs user code if a proxy was thrown. */
function isUnusable(error) {
  try {
    return error instanceof Unusable;
  } catch {
    return false;
  }
}

class Op {
  constructor(setUp) {
    this.setUp = setUp;
  }
}

/** An op that sees its data: `setUp(data, {name, title})` runs at init and returns the handler. */
export const op = (setUp) => new Op(setUp);

/**
 * The guest's side of the protocol, to be exported as `matWire`.
 *
 * `ops` has a handler `(input, ctx) => result` by op name, or what `op` returns. What
 * `op` returns may also stand in place of the whole table: it then serves every name.
 */
export function guest(ops) {
  let handlers;

  return {
    init({ expectedOps, metatypeVersion }) {
      if (metatypeVersion !== VERSION) throw refusal("version-mismatch", VERSION);
      if (handlers !== undefined) throw refusal("other", "init comes once, and came before");
      handlers = create(null);
      seed();
      const loaded = create(null);
      for (let i = 0; i < expectedOps.length; i++) {
        const mat = expectedOps[i];
        try {
          if (hasOwn(loaded, mat.opName)) throw new TypeError(`op ${mat.opName} is given twice`);
          loaded[mat.opName] = handlerOf(ops, mat);
        } catch (error) {
          if (isUnusable(error)) throw refusal("unexpected-mat", mat);
          throw refusal("other", failure(error, { op: mat.opName }));
        }
      }
      handlers = loaded;
      return { ok: true };
    },

    handle({ opName, inJson }) {
      const handler = handlers?.[opName];
      if (handler === undefined) throw refusal("no-handler");
      let input;
      try {
        input = decode(inJson);
      } catch (error) {
        throw refusal("in-json-err", error.message);
      }
      let result;
      try {
        result = handler(input, context);
        if (typeof result?.then === "function") throw new TypeError(`a promise can't be a result: ${SYNCHRONOUS}`);
      } catch (error) {
        throw refusal("handler-err", failure(error));
      }
      try {
        return encode(result);
      } catch (error) {
        throw refusal("handler-err", resultFailure(error));
      }
    },
  };
}

function handlerOf(ops, { opName: name, matTitle: title, matDataJson }) {
  const found = ops instanceof Op ? ops : hasOwn(ops, name) ? ops[name] : undefined;
  if (found === undefined) throw new Unusable(name);
  if (!(found instanceof Op)) return callable(found);
  let data;
  try {
    data = decode(matDataJson);
  } catch (error) {
    throw error instanceof NotJson ? new Unusable(error.message) : error;
  }
  return callable(found.setUp(data, freeze({ name, title })));
}

function callable(handler) {
  if (typeof handler !== "function") throw new TypeError(`a handler is a function, not ${typeof handler}`);
  const kind = kindOf(handler);
  if (kind === "[object AsyncFunction]") throw new TypeError(`a handler can't be async: ${SYNCHRONOUS}`);
  if (kind !== "[object Function]")
    throw new TypeError("a handler can't be a generator: it returns its result, such as an array");
  return handler;
}
