// Hostcalls: what a handler may ask of its host.

import { hostcall as ask } from "metatype:wit-wire/typegate-wire";

import { freeze, isWellFormed, mend } from "./builtins.js";
import { decode, encode } from "./wire-json.js";

/** The host answered a hostcall with an error. */
export class HostcallError extends Error {
  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  toString() {
    return `HostcallError: ${this.code}: ${this.message}`;
  }
}
HostcallError.prototype.name = "HostcallError";

/**
 * Runs the host's op `op` on `payload` and returns its answer; throws `HostcallError` if that is an
 * error.
 */
function hostcall(op, payload = null) {
  if (typeof op !== "string") throw new TypeError(`the op of a hostcall must be a string, not ${typeof op}`);
  // A lone surrogate is an error here, and would be a crash in the bindings.
  if (!isWellFormed(op)) throw new TypeError("lone surrogates are not allowed in strings");
  const json = encode(payload);
  mend();
  let answer;
  try {
    answer = ask(op, json);
  } catch (error) {
    throw hostcallError(error.payload);
  }
  return decode(answer);
}

/** Runs a GraphQL query through the host's op `gql`, and returns the whole response body. */
const gql = (query, variables) => hostcall("gql", { query, variables: variables ?? {} });

function hostcallError(text) {
  try {
    const { code, message, cause } = decode(text);
    if (typeof code === "string" && typeof message === "string") return new HostcallError(code, message, cause);
  } catch {
    // Then the text itself is the message.
  }
  return new HostcallError("unknown", text);
}

/** The second argument of every handler. */
export const context = freeze({ hostcall, gql, HostcallError });
