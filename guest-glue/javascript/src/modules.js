// Modules that come as source by path, linked and evaluated as ES modules are.

import { transform } from "./esm.js";
import { run } from "./sources.js";

const files = new Map();
const modules = new Map();

/** Adds source by path. Ops of one program may repeat a file, if unchanged. */
export function addFiles(sources) {
  for (const [path, source] of Object.entries(sources)) {
    const known = files.get(normalise(path)) ?? source;
    if (known !== source)
      throw new Error(`two ops of one program give different text for ${path}: make them two programs`);
    files.set(normalise(path), source);
  }
}

/** The namespace of the module at `path`, which is evaluated if it was not. */
export function importModule(path) {
  path = normalise(path);
  if (!files.has(path)) throw new Error(`root_src_path '${path}' is not among the sources: ${listOf(files.keys())}`);
  const linked = [];
  const module = link(path, linked);
  for (const each of linked) instantiate(each);
  for (const each of linked) bind(each);
  evaluate(module);
  return module.namespace;
}

function link(path, linked) {
  if (modules.has(path)) return modules.get(path);
  const source = files.get(path);
  const module = path.endsWith(".json") ? jsonModule(source) : transform(path, source);
  Object.assign(module, { path, namespace: Object.create(null), isEvaluated: false });
  modules.set(path, module);
  linked.push(module);
  module.requests = module.specifiers.map((specifier) => link(resolve(specifier, path), linked));
  return module;
}

function jsonModule(source) {
  const value = JSON.parse(source);
  return {
    specifiers: [],
    imports: new Map(),
    locals: new Map([["default", "value"]]),
    reexports: new Map(),
    stars: [],
    getters: new Map([["default", () => value]]),
    body: { next() {} },
  };
}

function resolve(specifier, from) {
  if (!/^\.\.?\//.test(specifier))
    throw new TypeError(`${from} imports '${specifier}': there are only relative imports, such as './${specifier}'`);
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/"))
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  const path = parts.join("/");
  if (files.has(path)) return path;
  throw new TypeError(`${from} imports '${specifier}', which is not among the sources: ${listOf(files.keys())}`);
}

function instantiate(module) {
  if (module.body !== undefined) return;
  const meta = Object.assign(Object.create(null), { url: module.path });
  const body = run(module.path, module.head, module.text, module.tail);
  module.body = body(noImport, meta, ...module.requests.map(({ namespace }) => namespace));
  module.getters = new Map(module.body.next().value);
}

function noImport() {
  throw new TypeError("import() can't be used here, for a call is synchronous: import at the top of the module");
}

function bind(module) {
  for (const { from, name } of [...module.imports.values(), ...module.reexports.values()]) {
    const source = module.requests[from];
    if (name === undefined || getterOf(source, name) !== undefined) continue;
    const exported = listOf(exportsOf(source));
    throw new SyntaxError(`${module.path} imports '${name}' from ${source.path}, which exports ${exported}`);
  }
  for (const name of [...exportsOf(module)].sort()) {
    const get = getterOf(module, name);
    if (get !== undefined) Object.defineProperty(module.namespace, name, { get, enumerable: true });
  }
  Object.defineProperty(module.namespace, Symbol.toStringTag, { value: "Module" });
  Object.preventExtensions(module.namespace);
}

function exportsOf(module, seen = new Set()) {
  if (seen.has(module)) return new Set();
  seen.add(module);
  const names = new Set([...module.locals.keys(), ...module.reexports.keys()]);
  for (const from of module.stars)
    for (const name of exportsOf(module.requests[from], seen)) if (name !== "default") names.add(name);
  return names;
}

/** What reads the export `name`; `undefined` if there is none, or two by way of `export *`. */
function getterOf(module, name, seen = new Set()) {
  if (seen.has(module)) return undefined;
  const path = new Set(seen).add(module);
  if (module.locals.has(name)) return module.getters.get(name);
  const reexport = module.reexports.get(name);
  if (reexport !== undefined) {
    const from = module.requests[reexport.from];
    if (reexport.name !== undefined) return getterOf(from, reexport.name, path);
    from.itself ??= () => from.namespace;
    return from.itself;
  }
  if (name === "default") return undefined;
  const found = new Set(module.stars.map((from) => getterOf(module.requests[from], name, path)));
  found.delete(undefined);
  return found.size === 1 ? [...found][0] : undefined;
}

function evaluate(module) {
  if (module.isEvaluated) return;
  module.isEvaluated = true;
  for (const request of module.requests) evaluate(request);
  module.body.next();
}

function normalise(path) {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || path.includes("\\") || parts.includes("..") || parts.length === 0)
    throw new TypeError(`source path '${path}': want a relative path with '/' and without '..'`);
  return parts.join("/");
}

const listOf = (names) => [...names].sort().join(", ") || "nothing";
