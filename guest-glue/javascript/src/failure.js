// Errors as data: `{type, message, traceback}`, in the user's terms.

import {
  join, kindOf, lastIndexOf, match, push, slice, split, startsWith, stringify, asString, toWellFormed,
} from "./builtins.js";
import { locate } from "./sources.js";
import { toJson } from "./wire-json.js";

// In characters: longer strings are cut in the middle.
const LONGEST = 64 * 1024;

// How many causes of causes are shown.
const MOST_CAUSES = 8;

// `    at name (file:line:column)`, where the name and the numbers may be missing.
const FRAME = /^ *at (?:(.*) \()?(.*?)(?::(\d+):(\d+))?\)?$/;

// The default is ten, which is little for deep calls.
Error.stackTraceLimit = 50;

// The folder of the glue, as stack traces name it.
const GLUE = (() => {
  const file = framesOf(new Error().stack)[0].file;
  return slice(file, 0, lastIndexOf(file, "/") + 1);
})();

/** What was thrown, and what else is known of it, as JSON. Never throws. */
export function failure(thrown, more, note = "") {
  let described;
  try {
    const traceback = clean(tracebackOf(thrown) + note);
    described = { type: clean(typeOf(thrown)), message: clean(messageOf(thrown)), traceback };
  } catch {
    described = { type: typeof thrown, message: "", traceback: "<traceback not available>\n" };
  }
  return stringify({ __proto__: null, ...more, ...described });
}

/** The same for an error in encoding a handler's result. */
export function resultFailure(thrown) {
  return failure(thrown, undefined, "while encoding the result as JSON\n");
}

/** What was thrown as JavaScript prints it, less the glue's frames. */
export function tracebackOf(thrown, depth = 0) {
  const lines = [`${typeOf(thrown)}: ${messageOf(thrown)}`];
  const stack = guarded(() => thrown.stack);
  if (typeof stack === "string") {
    const frames = usersOwn(framesOf(stack));
    for (let i = frames.length - 1; i >= 0; i--) push(lines, `    at ${frames[i]}`);
  }
  const text = join(lines, "\n") + "\n";
  const cause = guarded(() => thrown.cause);
  return isError(cause) && depth < MOST_CAUSES ? `${text}[cause]: ${tracebackOf(cause, depth + 1)}` : text;
}

function framesOf(stack) {
  const frames = [];
  const lines = split(stack, "\n");
  for (let i = 0; i < lines.length; i++) {
    const found = match(FRAME, lines[i]);
    if (found !== null) push(frames, { name: found[1], file: found[2], line: found[3], column: found[4] });
  }
  return frames;
}

/**
 * The frames that are the user's, the outermost first; those of the engine if the user called them.
 */
function usersOwn(frames) {
  const own = [];
  let isGlues = true;
  for (let i = frames.length - 1; i >= 0; i--) {
    const { name, file, line, column } = frames[i];
    isGlues = startsWith(file, GLUE) || (isGlues && file === "native");
    if (isGlues) continue;
    const place = line === undefined ? file : locate(file, +line, +column);
    push(own, name === undefined ? place : `${name} (${place})`);
  }
  return own;
}

/**
 * The class of an error, by its own name or its constructor's; of anything else the type of the
 * value.
 */
function typeOf(thrown) {
  if (thrown === null) return "null";
  if (typeof thrown !== "object" && typeof thrown !== "function") return typeof thrown;
  const name = guarded(() => thrown.name);
  if (isError(thrown) && typeof name === "string" && name !== "Error" && name !== "") return name;
  const made = guarded(() => thrown.constructor.name);
  if (typeof made === "string" && made !== "") return made;
  return isError(thrown) ? "Error" : typeof thrown;
}

function messageOf(thrown) {
  if (isError(thrown)) {
    const text = guarded(() => asString(thrown));
    if (text === undefined) return "<message not available>";
    const name = guarded(() => asString(thrown.name));
    if (text === name) return "";
    return startsWith(text, `${name}: `) ? slice(text, name.length + 2) : text;
  }
  // Not an object's `toString`: that of arrays recurses without limit, also in circles.
  const step = typeof thrown === "object" ? () => toJson(thrown) ?? kindOf(thrown) : () => asString(thrown);
  return guarded(step) ?? guarded(() => kindOf(thrown)) ?? "<message not available>";
}

export const isError = (value) => guarded(() => kindOf(value)) === "[object Error]";

/**
 * What `step` returns, or `undefined`: user code may throw from a getter, a proxy or `toString`.
 */
function guarded(step) {
  try {
    return step();
  } catch {
    return undefined;
  }
}

function clean(text) {
  if (text.length > LONGEST) {
    const half = LONGEST / 2;
    text = `${slice(text, 0, half)}\n[... ${text.length - LONGEST} characters ...]\n${slice(text, -half)}`;
  }
  return toWellFormed(text);
}
