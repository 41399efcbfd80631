// The ready-made guest: runs functions given as source.

import { bind, join } from "./builtins.js";
import { guest, op, Unusable } from "./guest.js";
import { addFiles, importModule, importSource } from "./modules.js";
import { run } from "./sources.js";

const isString = (value) => typeof value === "string";
const isFiles = (value) => typeof value === "object" && value !== null && Object.values(value).every(isString);

const DOTTED = /^[\p{ID_Start}$_][\p{ID_Continue}$]*(\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u;

export const matWire = guest(
  op((data, { name }) => {
    const file = `<${name}>`;
    switch (data?.ty) {
      case "lambda":
        need(isString(data.source));
        return run(file, "(", data.source, ")");
      case "def": {
        need(isString(data.source) && isString(data.func_name));
        if (!DOTTED.test(data.func_name)) throw new SyntaxError(`'${data.func_name}' is not a function name`);
        const path = data.func_name.split(".");
        const tail = `return {${path[0]}: typeof ${path[0]} === "undefined" ? undefined : ${path[0]}} })`;
        return find(run(file, "(function () {", data.source, tail)(), path, file);
      }
      case "module": {
        const isOne = isString(data.source);
        need(isString(data.func_name) && (isOne || (isString(data.root_src_path) && isFiles(data.sources))));
        const path = data.func_name.split(".");
        const root = data.root_src_path;
        if (isOne && !isString(root)) return find(importSource(file, data.source), path, file);
        addFiles(isOne ? { [root]: data.source } : data.sources);
        return find(importModule(root), path, root);
      }
      default:
        throw new Unusable(name);
    }
  }),
);

function need(isUsable) {
  if (!isUsable) throw new Unusable();
}

/** The function at `path`, such as `tool.run`, bound to what it was found on. */
function find(scope, path, file) {
  let owner;
  let found = scope;
  // By index: user code has run, and may have changed how arrays are iterated.
  for (let i = 0; i < path.length; i++) {
    owner = found;
    found = owner?.[path[i]];
  }
  if (found === undefined) throw new ReferenceError(`no function '${join(path, ".")}' in ${file}`);
  return path.length === 1 || typeof found !== "function" ? found : bind(found, owner);
}
