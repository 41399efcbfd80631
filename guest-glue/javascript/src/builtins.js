// JavaScript's own functions, taken at load: user code may put anything in their place later.

const { prototype } = Function;

// `uncurry(String.prototype.indexOf)(text, part)` is `text.indexOf(part)`.
const uncurry = prototype.bind.bind(prototype.call);

export const { parse, stringify, rawJSON } = JSON;
export const { create, freeze, hasOwn } = Object;
export const { isFinite, isSafeInteger } = Number;
export const { encodeURIComponent, unescape } = globalThis;
export const Bytes = Uint8Array;
export const evaluate = eval;
export const toBigInt = BigInt;
export const toText = String;

export const bind = uncurry(prototype.bind);
export const charCodeAt = uncurry(String.prototype.charCodeAt);
export const indexOf = uncurry(String.prototype.indexOf);
export const isWellFormed = uncurry(String.prototype.isWellFormed);
export const join = uncurry(Array.prototype.join);
export const kindOf = uncurry(Object.prototype.toString);
export const lastIndexOf = uncurry(String.prototype.lastIndexOf);
export const match = uncurry(RegExp.prototype.exec);
export const push = uncurry(Array.prototype.push);
export const repeat = uncurry(String.prototype.repeat);
export const slice = uncurry(String.prototype.slice);
export const split = uncurry(String.prototype.split);
export const startsWith = uncurry(String.prototype.startsWith);
export const toWellFormed = uncurry(String.prototype.toWellFormed);

const OwnError = Error;
const OwnObject = Object;
const { hasOwnProperty } = Object.prototype;

/** Puts back what the bindings look up by name when an error crosses the component's boundary. */
export function mend() {
  globalThis.Error = OwnError;
  globalThis.Object = OwnObject;
  OwnObject.prototype.hasOwnProperty = hasOwnProperty;
}
