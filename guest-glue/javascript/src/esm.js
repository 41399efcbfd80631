// Rewrites an ES module as a generator function, for an engine that loads modules only while the
// image is made. Lines stay where they are.
//
// The generator first yields the module's exports as `[name, getter]` pairs. Its function
// declarations exist already then, so that modules may import each other in a circle. Next it runs
// the body. An imported name becomes a property of the namespace it comes from, which keeps
// bindings live; an imported namespace becomes a constant.

import { getLineInfo, parse } from "acorn";

import { apply } from "./edits.js";
import { children, declaredBy, isFunction, scopesOf } from "./scopes.js";

/** What `source` imports and exports, and the parts of its generator function. */
export function transform(path, source) {
  let prefix = "$";
  while (source.includes(prefix)) prefix += "_$";
  const module = {
    specifiers: [],
    imports: new Map(), // local name -> {from, name}, without `name` for a namespace
    locals: new Map(), // exported name -> local name
    reexports: new Map(), // exported name -> {from, name}
    stars: [],
  };
  const edits = [];
  if (source.startsWith("#!")) edits.push({ start: 0, end: 2, text: "//" });
  const tree = parseModule(path, source);
  for (const node of tree.body) readImport(node, module, edits);
  for (const node of tree.body) readExport(node, { source, module, edits, prefix });
  if (/import|arguments|<!--/.test(source)) rewrite(tree, { path, source, module, edits, prefix });

  const parameters = ["import", "meta", "exports", ...module.specifiers.keys()].map((name) => prefix + name);
  const constants = [...module.imports]
    .filter(([, { name }]) => name === undefined)
    .map(([local, { from }]) => `const ${local} = ${prefix}${from}; `);
  const getters = [...module.locals].map(([name, local]) => `[${JSON.stringify(name)}, () => ${local}]`);
  const yielded = `yield [${getters.join(", ")}];`;
  const head = `(function* (${parameters.join(", ")}) { "use strict"; ${constants.join("")}${yielded}`;
  return { ...module, head, ...apply(edits, source), tail: "})" };
}

function parseModule(path, source) {
  let tree;
  try {
    // With parentheses as nodes, an exported expression ends behind them.
    tree = parse(source, { ecmaVersion: "latest", sourceType: "module", preserveParens: true });
  } catch (error) {
    if (error.loc === undefined) throw error;
    throw syntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""), path, error.loc);
  }
  const awaiting = source.includes("await") ? findAwait(tree) : undefined;
  if (awaiting === undefined) return tree;
  throw syntaxError("await at the top of a module is not supported", path, getLineInfo(source, awaiting.start));
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

const GAP = String.raw`(?:\s|/\*[^]*?\*/|//.*)*`;

/** A function declaration, up to where its name would be. */
const NAMELESS = new RegExp(`^(?:async${GAP})?function(?:${GAP}\\*)?`);

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

function readExport(node, { source, module, edits, prefix }) {
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
      if (declaration.type === "FunctionDeclaration") {
        // Declared functions exist before the body runs. Its `name` is set when it is linked.
        const at = declaration.start + NAMELESS.exec(source.slice(declaration.start, declaration.end))[0].length;
        module.hasNamelessDefault = true;
        module.locals.set("default", `${prefix}default`);
        remove(declaration.start);
        edits.push({ start: at, end: at, text: ` ${prefix}default` });
        break;
      }
      module.locals.set("default", `${prefix}exports.default`);
      // The function or class takes the property's name.
      edits.push({ start: node.start, end: declaration.start, text: `${prefix}exports = {default: ` });
      edits.push({ start: declaration.end, end: declaration.end, text: "};" });
    }
  }
}

/**
 * Edits all uses of imported names, `import.meta` and `import()`, and whatever else differs in a
 * script.
 */
function rewrite(tree, { path, source, module, edits, prefix }) {
  // By local name: the text that replaces it.
  const targets = new Map();
  for (const [local, { from, name }] of module.imports)
    if (name !== undefined) targets.set(local, `${prefix}${from}[${JSON.stringify(name)}]`);
  // Where a line that now begins with a parenthesis would continue the one before.
  const starts = new Set();

  function use(node, hidden, isCalled) {
    let text = targets.get(node.name);
    if ((text === undefined && node.name !== "arguments") || hidden.has(node.name)) return;
    if (text === undefined)
      throw syntaxError("arguments at the top of a module is not supported", path, getLineInfo(source, node.start));
    // Called as a property, the function would get the namespace as its `this`.
    if (isCalled) text = `(0,${text})`;
    if (isCalled && starts.has(node.start)) text = ";" + text;
    edits.push({ start: node.start, end: node.end, text });
  }

  function hide(names, hidden) {
    const more = names.filter((name) => (name === "arguments" || targets.has(name)) && !hidden.has(name));
    return more.length > 0 ? new Set([...hidden, ...more]) : hidden;
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
      case "BinaryExpression":
        // A comment in a script.
        if (node.operator === "<" && source.startsWith("<!--", node.right.start - 1))
          edits.push({ start: node.right.start, end: node.right.start, text: " " });
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
        if (node.shorthand && targets.has(name) && !hidden.has(name))
          edits.push({ start: node.start, end: node.start, text: `${name}: ` });
        if (node.value) visit(node.value, hidden);
        return;
      }
    }
    for (const list of [node.body, node.consequent])
      if (Array.isArray(list)) for (const statement of list) starts.add(statement.start);
    // An expression in parentheses may be called: `(name)()`.
    const called = { CallExpression: node.callee, ParenthesizedExpression: node.expression }[node.type] ?? node.tag;
    for (const { names, nodes } of scopesOf(node)) {
      const inside = names.length > 0 ? hide(names, hidden) : hidden;
      for (const child of nodes)
        if (child === called && child.type === "Identifier") use(child, inside, true);
        else visit(child, inside);
    }
  }

  visit(tree, new Set());
}
