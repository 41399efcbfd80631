// Modules given as source by path, linked and evaluated as ES modules are.

import { parse } from "./builtins.js";
import { transform } from "./esm.js";
import { run } from "./sources.js";

const files = new Map();
const modules = new Map();

/** Adds source by path. Ops of one program may repeat a file, if unchanged. */
export function addFiles(sources) {
  for (const [path, source] of Object.entries(sources)) addFile(normalise(path), source);
}

function addFile(path, source) {
  if ((files.get(path) ?? source) !== source)
    throw new Error(`two ops of one program have different content for ${path}: put them into two programs`);
  files.set(path, source);
}

/** The namespace of the module `source`, whose name need not be a path. */
export function importSource(name, source) {
  addFile(name, source);
  return load(name);
}

/** The namespace of the module at `path`, which is evaluated unless it was before. */
export const importModule = (path) => load(normalise(path));

function load(path) {
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
  const module = path.endsWith(".json") ? jsonModule(path, source) : transform(path, source);
  Object.assign(module, { path, namespace: Object.create(null), resolved: new Map(), isEvaluated: false });
  modules.set(path, module);
  module.requests = module.specifiers.map((specifier) => link(resolve(specifier, path), linked));
  linked.push(module);
  return module;
}

function jsonModule(path, source) {
  let value;
  try {
    value = parse(source);
  } catch (error) {
    throw new SyntaxError(`${path} is not JSON: ${error.message}`);
  }
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
    throw new TypeError(`${from} imports '${specifier}': only relative imports are supported, such as './${specifier}'`);
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
  const body = run(module.path, module.head, module.text, module.tail, module.columnOf);
  module.body = body(noImport, meta, noDefault, ...module.requests.map(({ namespace }) => namespace));
  module.getters = new Map(module.body.next().value);
  if (module.hasNamelessDefault) Object.defineProperty(module.getters.get("default")(), "name", { value: "default" });
}

// What holds a default export until it is evaluated.
const noDefault = {
  get default() {
    throw new ReferenceError("default is not initialized");
  },
};

function noImport() {
  throw new TypeError("import() is not supported, since calls are synchronous: import at the top of the module");
}

function bind(module) {
  for (const { from, name } of [...module.imports.values(), ...module.reexports.values()]) {
    const source = module.requests[from];
    const found = name === undefined || getterOf(source, name);
    if (found && found !== AMBIGUOUS) continue;
    const why = found ? "has it from two modules by 'export *'" : `exports ${listOf(exportsOf(source))}`;
    throw new SyntaxError(`${module.path} imports '${name}' from ${source.path}, which ${why}`);
  }
  for (const name of [...exportsOf(module)].sort()) {
    const get = getterOf(module, name);
    if (get && get !== AMBIGUOUS) Object.defineProperty(module.namespace, name, { get, enumerable: true });
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

const AMBIGUOUS = Symbol("ambiguous");

/**
 * What reads the export `name`; `undefined` if there is none, `AMBIGUOUS` if there are two by way
 * of `export *`.
 */
function getterOf(module, name) {
  // Not cached further down: what is found during another search may be incomplete in a circle.
  if (!module.resolved.has(name)) module.resolved.set(name, resolveExport(module, name, new Map()));
  return module.resolved.get(name);
}

/**
 * The language's ResolveExport. `seen` has the names that each module was asked for: a second time
 * is a circle.
 */
function resolveExport(module, name, seen) {
  if (module.resolved.has(name)) return module.resolved.get(name);
  const names = seen.get(module) ?? new Set();
  if (names.has(name)) return undefined;
  seen.set(module, names.add(name));
  if (module.locals.has(name)) return module.getters.get(name);
  const reexport = module.reexports.get(name);
  if (reexport !== undefined) {
    const from = module.requests[reexport.from];
    if (reexport.name !== undefined) return resolveExport(from, reexport.name, seen);
    from.itself ??= () => from.namespace;
    return from.itself;
  }
  if (name === "default") return undefined;
  let found;
  for (const from of module.stars) {
    const other = resolveExport(module.requests[from], name, seen);
    if (other === undefined) continue;
    found ??= other;
    if (other !== found) return AMBIGUOUS;
  }
  return found;
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
    throw new TypeError(`invalid source path '${path}': expected a relative path with \`/\` and without \`..\``);
  return parts.join("/");
}

const listOf = (names) => [...names].sort().join(", ") || "nothing";
