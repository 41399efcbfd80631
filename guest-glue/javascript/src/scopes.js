// Which names a part of a syntax tree declares.

/** The names that a declaration declares. */
export function declaredBy(node) {
  if (node?.type === "VariableDeclaration") return node.declarations.flatMap(({ id }) => patternNames(id));
  return node?.type === "FunctionDeclaration" || node?.type === "ClassDeclaration" ? [node.id.name] : [];
}

function patternNames(node) {
  switch (node?.type) {
    case "Identifier":
      return [node.name];
    case "ObjectPattern":
      return node.properties.flatMap((property) => patternNames(property.value ?? property.argument));
    case "ArrayPattern":
      return node.elements.flatMap(patternNames);
    case "AssignmentPattern":
      return patternNames(node.left);
    case "RestElement":
      return patternNames(node.argument);
    default:
      return [];
  }
}

/** The syntax nodes directly below `node`. */
export function children(node) {
  const found = [];
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child?.type === "string") found.push(child);
  return found;
}

export const isFunction = ({ type }) =>
  type === "ArrowFunctionExpression" || type === "FunctionExpression" || type === "FunctionDeclaration";

const isClass = ({ type }) => type === "ClassDeclaration" || type === "ClassExpression";

/** The names that `var` declares below `node`, up to the next function. */
function varNames(node) {
  if (isFunction(node) || isClass(node)) return [];
  const own = node.type === "VariableDeclaration" && node.kind === "var" ? declaredBy(node) : [];
  return own.concat(children(node).flatMap(varNames));
}

/** The scopes directly below `node`: their nodes, and the names that shadow outer ones there. */
export function scopesOf(node) {
  if (isFunction(node)) {
    const own = node.type === "FunctionExpression" ? patternNames(node.id) : [];
    if (node.type !== "ArrowFunctionExpression") own.push("arguments");
    const names = [...own, ...node.params.flatMap(patternNames)];
    // The parameters' defaults do not see what the body declares.
    return [
      { names, nodes: node.params },
      { names: [...names, ...varNames(node.body)], nodes: [node.body] },
    ];
  }
  const inner = { names: namesIn(node), nodes: children(node) };
  if (node.type !== "SwitchStatement") return [inner];
  return [{ names: [], nodes: [node.discriminant] }, { ...inner, nodes: node.cases }];
}

function namesIn(node) {
  switch (node.type) {
    case "StaticBlock":
      return node.body.flatMap((child) => [...declaredBy(child), ...varNames(child)]);
    case "BlockStatement":
      return node.body.flatMap(declaredBy);
    case "SwitchStatement":
      return node.cases.flatMap(({ consequent }) => consequent.flatMap(declaredBy));
    case "ForStatement":
      return declaredBy(node.init);
    case "ForInStatement":
    case "ForOfStatement":
      return declaredBy(node.left);
    case "CatchClause":
      return patternNames(node.param);
    case "ClassExpression":
      return patternNames(node.id);
    default:
      return [];
  }
}
