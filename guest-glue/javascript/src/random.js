// `Math.random`. The engine's own state is part of the image, and would be the same in every
// instance. The generator is sfc32.

import { getInsecureRandomBytes } from "wasi:random/insecure@0.2.0";

let a, b, c, counter;

function next() {
  const sum = (a + b + counter) | 0;
  counter = (counter + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = (((c << 21) | (c >>> 11)) + sum) | 0;
  return sum >>> 0;
}

Math.random = function random() {
  return ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
};

/** Begins a new sequence, different from that of every other instance. */
export function seed() {
  const bytes = getInsecureRandomBytes(12);
  const word = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  a = word(0);
  b = word(4);
  c = word(8);
  counter = 1;
  for (let i = 0; i < 12; i++) next();
}
