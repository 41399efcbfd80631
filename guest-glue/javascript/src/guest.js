// The guest's half of wit-wire for JavaScript: makes the protocol's two functions from plain ones.
//
// Each module imports only those before it: `builtins`, `random`, `wire-json` (JSON as the wire has
// it), `sources` (names in stack traces), `failure` (errors as data), `console`, `context`
// (hostcalls) and this one. The ready-made guest has further `scopes`, `edits`, `esm` and `modules`
// (the user's own modules), and `source-guest` (from op data to a handler).

import "./console.js";

import { create, freeze, hasOwn, kindOf, mend } from "./builtins.js";
import { context } from "./context.js";
import { failure, resultFailure } from "./failure.js";
import { seed } from "./random.js";
import { decode, encode, NotJson } from "./wire-json.js";

export { HostcallError } from "./context.js";

const VERSION = "0.0.1";

const SYNCHRONOUS = "calls are synchronous, and hostcalls return their answer directly";

/** Thrown when an op is set up: it is unknown, or its data can't be used. */
export class Unusable extends Error {
  name = "Unusable";
}

/** An error of the protocol, as the bindings expect it. */
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

/**
 * An op with data: `setUp(data, {name, title})` is called once, at init, and returns the handler.
 */
export const op = (setUp) => new Op(setUp);

/**
 * The guest's side of the protocol, to be exported as `matWire`.
 *
 * `ops` has by op name a handler `(input, ctx) => result`, or the result of `op`. Instead of a table,
 * `ops` may be the result of `op` itself, which then serves every name.
 */
export function guest(ops) {
  let handlers;

  return {
    init({ expectedOps, metatypeVersion }) {
      if (metatypeVersion !== VERSION) throw refusal("version-mismatch", VERSION);
      if (handlers !== undefined) throw refusal("other", "init was already called");
      handlers = create(null);
      seed();
      const loaded = create(null);
      for (let i = 0; i < expectedOps.length; i++) {
        const mat = expectedOps[i];
        try {
          if (hasOwn(loaded, mat.opName)) throw new TypeError(`duplicate op \`${mat.opName}\``);
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
        if (typeof result?.then === "function") throw new TypeError(`a result can't be a promise: ${SYNCHRONOUS}`);
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
  if (typeof handler !== "function") throw new TypeError(`a handler must be a function, not ${typeof handler}`);
  const kind = kindOf(handler);
  if (kind === "[object AsyncFunction]") throw new TypeError(`async functions are not supported: ${SYNCHRONOUS}`);
  if (kind !== "[object Function]")
    throw new TypeError("generator functions are not supported: return the result instead, for example as an array");
  return handler;
}
