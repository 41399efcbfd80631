"""What is in generated modules and does not belong there."""

import ast
import keyword

# Of statements and expressions, those that definitions of types and functions consist of.
KNOWN = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.Expr, ast.Constant, ast.Name, ast.Load, ast.Store,
    ast.ClassDef, ast.AnnAssign, ast.Assign, ast.FunctionDef, ast.AsyncFunctionDef, ast.arguments, ast.arg, ast.Return,
    ast.Await, ast.Call, ast.Dict, ast.If, ast.Compare, ast.IsNot, ast.Subscript, ast.Tuple, ast.BinOp, ast.BitOr,
    ast.Attribute, ast.UnaryOp, ast.USub,
)  # fmt: skip
CALLED = ("_hostcall", "_hostcall_async", "TypedDict")
IMPORTED_FROM = ("typing", "wit_wire_guest.calls.context")


def find(described):
    files, [module] = described
    return [f"{path}: {problem}" for path, text in files.items() for problem in problems(path, text, module)]


def problems(path, text, module):
    try:
        tree = ast.parse(text)
        compile(text, path, "exec")
    except Exception as error:
        yield f"{type(error).__name__}: {error}"
        return
    names = {function["name"] for function in module["functions"]}
    ops = {f"{module['name']}.{name}" for name in names}
    defined = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if path.endswith(f"/{module['name']}.py") and sorted(defined) != sorted(names):
        yield f"functions {defined}"
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and not is_text(statement.value):
            yield f"expression {ast.unparse(statement)}"
    for node in ast.walk(tree):
        if not isinstance(node, KNOWN):
            yield f"{type(node).__name__} in line {getattr(node, 'lineno', None)}"
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called not in CALLED or node.keywords or not is_text(node.args[0]):
                yield f"call of {called}"
            elif called != "TypedDict" and node.args[0].value not in ops:
                yield f"hostcall {node.args[0].value!r}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) != "builtins":
            yield f"attribute {ast.unparse(node)}"
        elif isinstance(node, ast.Import) and ast.unparse(node) != "import builtins":
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module not in (*IMPORTED_FROM, f"host.{module['name']}"):
            yield ast.unparse(node)
        elif isinstance(node, ast.Name) and not is_name(node.id):
            yield f"name {node.id!r}"
        # A type checker reads texts among types as Python.
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield from quoted(annotation)


def quoted(annotation):
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    for node in ast.walk(annotation):
        if isinstance(node, (ast.Call, ast.Lambda, ast.Await, ast.NamedExpr)) or not isinstance(node, KNOWN):
            yield f"{type(node).__name__} among types: {ast.unparse(annotation)}"


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_name(name):
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
