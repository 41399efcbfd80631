// Replaces parts of a source, without moving its lines.

import { charCodeAt, indexOf } from "./builtins.js";

/**
 * `source` with the edits made, on as many lines as before; `columnOf` maps its columns to those of
 * `source`.
 */
export function apply(edits, source) {
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  let text = "";
  let at = 0;
  for (const edit of edits) {
    const lines = source.slice(edit.start, edit.end).split("\n").length - 1;
    edit.text += "\n".repeat(lines);
    text += source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  text += source.slice(at);

  function columnOf(line, column) {
    let start = 0;
    for (let i = 1; i < line; i++) start = indexOf(text, "\n", start) + 1;
    let end = start;
    for (let bytes = 1; bytes < column && end < text.length; end++) bytes += bytesAt(text, end);
    const was = positionBefore(edits, end);
    let found = 1;
    for (let i = was - 1; i >= 0 && source[i] !== "\n"; i--) found += bytesAt(source, i);
    return found;
  }

  return { text, columnOf };
}

/** Columns are bytes of UTF-8. */
function bytesAt(text, at) {
  const code = charCodeAt(text, at);
  const isHalf = code >= 0xd800 && code < 0xe000;
  return code < 0x80 ? 1 : code < 0x800 || isHalf ? 2 : 3;
}

/** Where the character at `position` was; of one that an edit put there, where the edit begins. */
function positionBefore(edits, position) {
  let shift = 0;
  // By index, and called only when user code has run, which may have changed how arrays are
  // iterated.
  for (let i = 0; i < edits.length; i++) {
    const { start, end, text } = edits[i];
    if (position < start + shift) break;
    if (position < start + shift + text.length) return start;
    shift += text.length - (end - start);
  }
  return position - shift;
}
