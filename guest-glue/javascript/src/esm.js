// An ES module as the text of a generator function, for an engine that loads modules
// only while the image is made. Lines stay as they are.
//
// The generator first yields what the module exports, as `[name, getter]` pairs, when
// its function declarations are already there: so modules may import each other in a
// circle. Then it runs the body. An imported name becomes a property of the namespace
// it comes from, which keeps bindings live.

import { getLineInfo, parse } from "acorn";

import { children, declaredBy, hiddenBy, isFunction } from "./scopes.js";

/** What `source` imports and exports, and its text as parts of a generator function. */
export function transform(path, source) {
  let prefix = "$";
  while (source.includes(prefix)) prefix += "_$";
  const module = {
    specifiers: [],
    imports: new Map(), // local name -> {from, name}, where `name` is missing for a whole namespace
    locals: new Map(), // exported name -> local name
    reexports: new Map(), // exported name -> {from, name}
    stars: [],
  };
  const edits = [];
  if (source.startsWith("#!")) edits.push({ start: 0, end: 2, text: "//" });
  const tree = parseModule(path, source);
  for (const node of tree.body) readImport(node, module, edits);
  for (const node of tree.body) readExport(node, module, edits, `${prefix}default`);
  if (module.imports.size > 0 || /\bimport\s*[.(]/.test(source)) rewrite(tree, { module, edits, prefix });

  const parameters = [`${prefix}import`, `${prefix}meta`, ...module.specifiers.map((_, index) => prefix + index)];
  const getters = [...module.locals].map(([name, local]) => `[${JSON.stringify(name)}, () => ${local}]`);
  const head = `(function* (${parameters.join(", ")}) { "use strict"; yield [${getters.join(", ")}];`;
  return { ...module, head, text: apply(edits, source), tail: "})" };
}

function parseModule(path, source) {
  let tree;
  try {
    // With brackets as nodes, an exported expression in brackets ends where it ends.
    tree = parse(source, { ecmaVersion: "latest", sourceType: "module", preserveParens: true });
  } catch (error) {
    if (error.loc === undefined) throw error;
    throw syntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""), path, error.loc);
  }
  const awaiting = source.includes("await") ? findAwait(tree) : undefined;
  if (awaiting === undefined) return tree;
  throw syntaxError("await at the top of a module can't be used here", path, getLineInfo(source, awaiting.start));
}

function syntaxError(message, path, { line, column }) {
  return Object.assign(new SyntaxError(message), { stack: `    at ${path}:${line}:${column + 1}\n` });
}

function findAwait(node) {
  if (node.type === "AwaitExpression" || node.await === true) return node;
  for (const child of isFunction(node) ? [] : children(node)) {
    const found = findAwait(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

const nameOf = (node) => node.name ?? node.value;

function requestOf(module, { value }) {
  const known = module.specifiers.indexOf(value);
  return known >= 0 ? known : module.specifiers.push(value) - 1;
}

function readImport(node, module, edits) {
  if (node.type !== "ImportDeclaration") {
    // In the order of the source, which is the order of evaluation.
    if (node.source) requestOf(module, node.source);
    return;
  }
  const from = requestOf(module, node.source);
  for (const { type, imported, local } of node.specifiers) {
    const name = type === "ImportDefaultSpecifier" ? "default" : imported && nameOf(imported);
    module.imports.set(local.name, { from, name });
  }
  edits.push({ start: node.start, end: node.end, text: ";" });
}

function readExport(node, module, edits, defaultName) {
  const remove = (end) => edits.push({ start: node.start, end, text: "" });
  switch (node.type) {
    case "ExportAllDeclaration": {
      const from = requestOf(module, node.source);
      if (node.exported) module.reexports.set(nameOf(node.exported), { from });
      else module.stars.push(from);
      edits.push({ start: node.start, end: node.end, text: ";" });
      break;
    }
    case "ExportNamedDeclaration":
      if (node.declaration) {
        for (const name of declaredBy(node.declaration)) module.locals.set(name, name);
        remove(node.declaration.start);
        break;
      }
      for (const { exported, local } of node.specifiers) {
        const imported = node.source
          ? { from: requestOf(module, node.source), name: nameOf(local) }
          : module.imports.get(local.name);
        if (imported) module.reexports.set(nameOf(exported), imported);
        else module.locals.set(nameOf(exported), local.name);
      }
      edits.push({ start: node.start, end: node.end, text: ";" });
      break;
    case "ExportDefaultDeclaration": {
      const { declaration } = node;
      if (declaration.id && declaration.type.endsWith("Declaration")) {
        module.locals.set("default", declaration.id.name);
        remove(declaration.start);
        break;
      }
      module.locals.set("default", defaultName);
      // The property's name becomes the function's own.
      edits.push({ start: node.start, end: declaration.start, text: `const ${defaultName} = {default: ` });
      edits.push({ start: declaration.end, end: declaration.end, text: "}.default;" });
    }
  }
}

/** Edits all uses of imported names, `import.meta` and `import()`. */
function rewrite(tree, { module, edits, prefix }) {
  const target = ({ from, name }) =>
    name === undefined ? prefix + from : `${prefix}${from}[${JSON.stringify(name)}]`;
  // Where a line that now begins with a bracket would continue the one before.
  const starts = new Set();

  function use(node, hidden, isCalled) {
    const imported = module.imports.get(node.name);
    if (imported === undefined || hidden.has(node.name)) return;
    // Called as a property, a function would get the namespace as its `this`.
    let text = isCalled ? `(0,${target(imported)})` : target(imported);
    if (isCalled && starts.has(node.start)) text = ";" + text;
    edits.push({ start: node.start, end: node.end, text });
  }

  function visit(node, hidden) {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "ExportNamedDeclaration":
        if (node.declaration) visit(node.declaration, hidden);
        return;
      case "Identifier":
        use(node, hidden, false);
        return;
      case "MetaProperty":
        if (node.meta.name === "import") edits.push({ start: node.start, end: node.end, text: `${prefix}meta` });
        return;
      case "ImportExpression":
        edits.push({ start: node.start, end: node.start + "import".length, text: `${prefix}import` });
        break;
      case "LabeledStatement":
        visit(node.body, hidden);
        return;
      case "MemberExpression":
        visit(node.object, hidden);
        if (node.computed) visit(node.property, hidden);
        return;
      case "MethodDefinition":
      case "Property":
      case "PropertyDefinition": {
        if (node.computed) visit(node.key, hidden);
        const { name } = node.key;
        if (node.shorthand && module.imports.has(name) && !hidden.has(name))
          edits.push({ start: node.start, end: node.start, text: `${name}: ` });
        if (node.value) visit(node.value, hidden);
        return;
      }
    }
    const names = hiddenBy(node).filter((name) => module.imports.has(name));
    const inside = names.length > 0 ? new Set([...hidden, ...names]) : hidden;
    for (const list of [node.body, node.consequent])
      if (Array.isArray(list)) for (const statement of list) starts.add(statement.start);
    // What stands in brackets may be called: `(name)()`.
    const called = { CallExpression: node.callee, ParenthesizedExpression: node.expression }[node.type] ?? node.tag;
    for (const child of children(node))
      if (child === called && child.type === "Identifier") use(child, inside, true);
      else visit(child, inside);
  }

  visit(tree, new Set());
}

/** `source` with the edits made, and as many lines as before. */
function apply(edits, source) {
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  let text = "";
  let at = 0;
  for (const edit of edits) {
    const lines = source.slice(edit.start, edit.end).split("\n").length - 1;
    text += source.slice(at, edit.start) + edit.text + "\n".repeat(lines);
    at = edit.end;
  }
  return text + source.slice(at);
}
