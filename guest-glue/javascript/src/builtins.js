// JavaScript's own functions, saved at load: user code may replace them later.

const { prototype } = Function;

// `uncurry(String.prototype.indexOf)(text, part)` is `text.indexOf(part)`.
const uncurry = prototype.bind.bind(prototype.call);

export const { parse, stringify, isRawJSON, rawJSON } = JSON;
export const { create, freeze, hasOwn, keys: keysOf } = Object;
export const { toJSON: dateToJSON } = Date.prototype;
export const { isFinite, isSafeInteger } = Number;
export const { encodeURIComponent, unescape } = globalThis;
export const { isArray } = Array;
export const Bytes = Uint8Array;
export const evaluate = eval;
export const toBigInt = BigInt;
export const toNumber = Number;
export const asString = String;

export const bind = uncurry(prototype.bind);
export const bigIntIn = uncurry(BigInt.prototype.valueOf);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const indexOf = uncurry(String.prototype.indexOf);
export const isWellFormed = uncurry(String.prototype.isWellFormed);
export const join = uncurry(Array.prototype.join);
export const kindOf = uncurry(Object.prototype.toString);
export const lastIndexOf = uncurry(String.prototype.lastIndexOf);
export const match = uncurry(RegExp.prototype.exec);
export const numberIn = uncurry(Number.prototype.valueOf);
export const push = uncurry(Array.prototype.push);
export const repeat = uncurry(String.prototype.repeat);
export const slice = uncurry(String.prototype.slice);
export const split = uncurry(String.prototype.split);
export const startsWith = uncurry(String.prototype.startsWith);
export const stringIn = uncurry(String.prototype.valueOf);
export const toWellFormed = uncurry(String.prototype.toWellFormed);

const { defineProperty } = Reflect;
const global = globalThis;
const base = Object.prototype;

// Without a prototype, which user code could change.
const propertyOf = (value) => freeze({ __proto__: null, value });
const ownError = propertyOf(Error);
const ownObject = propertyOf(Object);
const ownHasOwnProperty = propertyOf(base.hasOwnProperty);

/** Restores what the bindings look up by name when an error crosses the component's boundary. */
export function mend() {
  // An assignment would throw where user code froze something, even if there is nothing to restore.
  defineProperty(global, "Error", ownError);
  defineProperty(global, "Object", ownObject);
  defineProperty(base, "hasOwnProperty", ownHasOwnProperty);
}
