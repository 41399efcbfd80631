// What the host answers, by op: {"ok": value} or {"err": value}.
export const answers = {};

export function hostcall(op, json) {
  JSON.parse(json);
  const answer = answers[op] ?? { err: { code: "op_404", message: `the host has no op \`${op}\`` } };
  if ("err" in answer) {
    const payload = JSON.stringify(answer.err);
    throw Object.assign(new Error(payload), { payload });
  }
  return JSON.stringify(answer.ok);
}

export const printed = [];

const stream = () => ({
  blockingWriteAndFlush: (bytes) => printed.push(Buffer.from(bytes).toString()),
  [Symbol.dispose]() {},
});

export { stream as getStdout, stream as getStderr };

export const getInsecureRandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
