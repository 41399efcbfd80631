// JSON as the wire has it: exact integers, no NaN, no infinities, no lone surrogates.
//
// The engine's own `JSON` does nearly all the work. Each value is examined, which takes about twice
// as long, only if a look at the text shows that something may be lost, or a look at the value that
// it may be deep.

import {
  bigIntIn, dateToJSON, indexOf, isArray, isFinite, isRawJSON, isSafeInteger, isWellFormed, keysOf, kindOf, match,
  numberIn, parse, rawJSON, stringify, stringIn, toBigInt, toNumber, asString, toWellFormed,
} from "./builtins.js";

// The engine's parser has no limit of its own: its recursion would end the instance. A native stack
// of 512 KiB, the smallest in use, has room for some 1,800 levels.
const DEEPEST = 1000;

// How many parts of a value are examined to see whether it is nested too deep: about a
// millisecond's work, and no more than `DEEPEST` parts of one object. Chains and trees are found
// soon; depth behind more than this ends the instance.
const MOST_LOOKS = 10_000;

// Integers with more digits are refused: reading them takes quadratic time.
const LONGEST_INTEGER = 4300;

// Matches texts with a big integer, a number too large for a float, or a lone surrogate.
const SUSPECT = /\d{16}|[eE]\+?\d{3}|\\u[dD]/;
const INTEGER = /^-?\d+$/;

/** The text is not JSON, or not JSON that JavaScript can represent. */
export class NotJson extends Error {
  name = "NotJson";
}

/**
 * The value that `text` stands for; `NotJson` if it is not JSON. Integers beyond 2^53 are a
 * `BigInt`.
 */
export function decode(text) {
  // A text that is a single string has no numbers and no depth, and may be long.
  const isString = text[0] === '"';
  if (!isString && isTooDeep(text)) throw new NotJson(`nested more than ${DEEPEST} levels deep`);
  const isSuspect = isString ? indexOf(text, "\\u") >= 0 : match(SUSPECT, text) !== null;
  try {
    return isSuspect ? parse(text, checkRead) : parse(text);
  } catch (error) {
    throw error instanceof NotJson ? error : new NotJson(toWellFormed(error.message));
  }
}

/** `value` as JSON; throws if it has no JSON form. `undefined` is `null`. */
export function encode(value) {
  if (value === undefined) return "null";
  let text;
  let isChecked = looksDeep(value);
  try {
    if (!isChecked) text = stringify(value);
  } catch {
    // A `BigInt` perhaps. Whatever else it is, it is thrown again.
    isChecked = true;
  }
  if (isChecked) text = stringify(value, limited(checkWritten));
  if (text === undefined) throw new TypeError(`a ${typeof value} has no JSON form`);
  // NaN and the infinities are written as `null`, lone surrogates as escapes.
  const mayHide = indexOf(text, "\\ud") >= 0 || (text[0] !== '"' && indexOf(text, "null") >= 0);
  return mayHide && !isChecked ? stringify(value, limited(checkWritten)) : text;
}

/** `JSON.stringify`, which throws at values nested too deep. */
export const toJson = (value) => stringify(value, looksDeep(value) ? limited((_, value) => value) : undefined);

function checkRead(key, value, context) {
  if (!isWellFormed(key)) throw new NotJson("lone surrogates are not allowed in strings");
  if (typeof value === "string" && !isWellFormed(value)) throw new NotJson("lone surrogates are not allowed in strings");
  if (typeof value !== "number" || isSafeInteger(value)) return value;
  const { source } = context;
  if (match(INTEGER, source) !== null) {
    if (source.length > LONGEST_INTEGER) throw new NotJson(`an integer of ${source.length} digits`);
    return toBigInt(source);
  }
  if (!isFinite(value)) throw new NotJson("a number too large for a float");
  return value;
}

function checkWritten(key, value) {
  if (!isWellFormed(key)) throw new TypeError("lone surrogates are not allowed in strings");
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) throw new TypeError("lone surrogates are not allowed in strings");
      return value;
    case "number":
      if (!isFinite(value)) throw new TypeError(`${value} is not valid JSON`);
      return value;
    case "bigint":
      return rawJSON(asString(value));
    case "object": {
      const inner = unboxed(value);
      return inner === value ? value : checkWritten(key, inner);
    }
    default:
      return value;
  }
}

/**
 * What `stringify` makes of an object such as `new Number(1)`, but only after it has called the
 * replacer.
 */
function unboxed(object) {
  const kind = kindOf(object);
  if (kind === "[object Object]" || kind === "[object Array]") return object;
  if (isBoxed(numberIn, object)) return toNumber(object);
  if (isBoxed(stringIn, object)) return asString(object);
  return isBoxed(bigIntIn, object) ? bigIntIn(object) : object;
}

function isBoxed(valueIn, object) {
  try {
    valueIn(object);
    return true;
  } catch {
    return false;
  }
}

/** Whether `value` is nested too deep, or may be: `toJSON` is not called. */
function looksDeep(value) {
  if (typeof value !== "object" || value === null) return false;
  const nodes = [value];
  const depths = [1];
  let looks = 0;
  for (let top = 1; top > 0 && looks < MOST_LOOKS; ) {
    const node = nodes[--top];
    const depth = depths[top];
    const { toJSON } = node;
    if (toJSON === dateToJSON) continue;
    if (depth > DEEPEST || typeof toJSON === "function") return true;
    const keys = isArray(node) ? undefined : keysOf(node);
    const { length } = keys ?? node;
    for (let i = 0; i < length && i < DEEPEST; i++) {
      looks++;
      const child = keys === undefined ? node[i] : node[keys[i]];
      if (typeof child !== "object" || child === null) continue;
      nodes[top] = child;
      depths[top++] = depth + 1;
    }
  }
  return false;
}

/** A replacer that calls `check` for each value, and throws at one that is nested too deep. */
function limited(check) {
  const holders = [];
  let depth = 0;
  return function (key, value) {
    while (depth > 0 && holders[depth - 1] !== this) depth--;
    const checked = check(key, value);
    if (typeof checked === "object" && checked !== null && !isRawJSON(checked)) {
      if (depth === DEEPEST) throw new RangeError(`nested more than ${DEEPEST} levels deep`);
      holders[depth++] = checked;
    }
    return checked;
  };
}

function isTooDeep(text) {
  if (text.length <= DEEPEST || !hasMoreThan(DEEPEST, text)) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case "[":
      case "{":
        if (++depth > DEEPEST) return true;
        break;
      case "]":
      case "}":
        depth--;
    }
  }
  return false;
}

/** Whether `text` has more than `count` opening brackets. */
function hasMoreThan(count, text) {
  for (let at = indexOf(text, "["); at >= 0; at = indexOf(text, "[", at + 1)) if (count-- === 0) return true;
  for (let at = indexOf(text, "{"); at >= 0; at = indexOf(text, "{", at + 1)) if (count-- === 0) return true;
  return false;
}

function endOfString(text, start) {
  for (let at = indexOf(text, '"', start + 1); at >= 0; at = indexOf(text, '"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
