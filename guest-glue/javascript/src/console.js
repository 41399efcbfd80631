// `console`, on standard output and error, which the host captures.

import { getStderr } from "wasi:cli/stderr@0.2.0";
import { getStdout } from "wasi:cli/stdout@0.2.0";

import {
  Bytes, charCodeAt, encodeURIComponent, kindOf, slice, asString, toWellFormed, unescape,
} from "./builtins.js";
import { isError, tracebackOf } from "./failure.js";
import { toJson } from "./wire-json.js";

// In bytes: what WASI accepts at once.
const PIECE = 4096;

const { dispose } = Symbol;

const printer =
  (getStream) =>
  (...values) => {
    try {
      let line = "";
      for (let i = 0; i < values.length; i++) line += (i > 0 ? " " : "") + show(values[i]);
      write(getStream, line + "\n");
    } catch {
      // Printing never fails a call.
    }
  };

function show(value) {
  if (typeof value !== "object" || value === null) return asString(value);
  if (isError(value)) return slice(tracebackOf(value), 0, -1);
  try {
    return toJson(value) ?? kindOf(value);
  } catch {
    return kindOf(value);
  }
}

function write(getStream, text) {
  // One character for each byte of its UTF-8.
  const binary = unescape(encodeURIComponent(toWellFormed(text)));
  // Not cached: a stream that was opened while the image was made does not exist in an instance.
  const stream = getStream();
  for (let start = 0; start < binary.length; start += PIECE) {
    const bytes = new Bytes(binary.length - start < PIECE ? binary.length - start : PIECE);
    for (let i = 0; i < bytes.length; i++) bytes[i] = charCodeAt(binary, start + i);
    stream.blockingWriteAndFlush(bytes);
  }
  stream[dispose]();
}

const out = printer(getStdout);
const err = printer(getStderr);

globalThis.console ??= { log: out, info: out, debug: out, warn: err, error: err, trace: err };
