"""Prints the messages in the sources, one per line: `crate Type::member: message`.

A string literal counts as a message if it has a space and a word. Single words count where parts of messages and
stable labels stand: as the value of a match arm, in `#[error]`, as the code of a hostcall error.
The sources are expected to be formatted: items begin in the first column, methods four spaces to the right.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SOURCES = {
    "wit-wire-host": "wit-wire-host/src/**/*.rs",
    "artifact-embed": "artifact-embed/src/**/*.rs",
    "artifact-embed-build": "artifact-embed/build/src/**/*.rs",
    "python-runtime": "python-runtime/src/**/*.rs",
    "wasm-runtime": "wasm-runtime/src/**/*.rs",
    "guest-glue/rust": "guest-glue/rust/src/**/*.rs",
    "guest-glue/javascript": "guest-glue/javascript/s*/**/*.[jr]s",
    "guest-glue/c": "guest-glue/c/*.c",
    "guest-glue/python": "guest-glue/python/wit_wire_guest/**/*.py",
}
# Tests, and files whose strings are code: bindings, and what writes Python.
SKIPPED = {"tests", "tests.rs", "fuzz", "fuzz.rs", "bindings.rs", "python.rs"}

# Comments, attributes but `#[error]`, characters, and string literals: raw, or in quotes.
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|^\s*\#!?\[(?!error\().*?\]$|'(?:\\.|[^\\])'
    |\br(\#*)"(?P<raw>.*?)"\1|(?P<quote>["`])(?P<quoted>(?:\\.|[^\\])*?)(?P=quote)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
SHORT = re.compile(r"(=>|#\[error\(|HostcallError::new\()\s*$")
ITEM = re.compile(r"^(?!where)[a-z].*", re.MULTILINE)
METHOD = re.compile(r"^    .*\bfn (\w+)", re.MULTILINE)


def messages(code: str) -> Iterator[tuple[str, str]]:
    code = code.split("\n#[cfg(test)]")[0]
    for token in TOKEN.finditer(code):
        message = re.sub(r"\\\n\s*", "", token["raw"] or token["quoted"] or "")
        if is_message(message) or message and SHORT.search(code, 0, token.start()):
            yield owner(code[: token.start()], code[token.end() :]), message


def is_message(string: str) -> bool:
    return " " in string.strip() and any(word.strip(".,:;()[]`'").isalpha() for word in string.split())


def owner(before: str, after: str) -> str:
    """The item, and its member if it has some, that stands around what is between `before` and `after`."""
    item = ([None] + list(ITEM.finditer(before)))[-1]
    if before.rstrip().endswith("#[error("):
        following = re.split(r"\)\]\n(?:\s*#.*\n)*", after, maxsplit=1)[1].partition("\n")[0]
        return f"{name(item[0])}::{name(following)}" if following.startswith(" ") else name(following)
    methods = METHOD.findall(before, item.end()) if item else []
    return "::".join([name(item[0]) if item else "", *methods[-1:]])


def name(line: str) -> str:
    """The name that a line declares."""
    line = re.sub(r"^\s*(pub\(.*?\) )?(impl<.*?> )?|.* for ", "", line)
    return re.split(r"[(<{:=\[,;]", line)[0].split()[-1]


def python_messages(node: ast.AST, owner: str) -> Iterator[tuple[str, str]]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            owner += f".{node.name}"
        case ast.Expr(ast.Constant()):
            return  # A docstring.
        case ast.JoinedStr() | ast.Constant(str()):
            if is_message(template(node)):
                yield owner, template(node)
            return
    for child in ast.iter_child_nodes(node):
        yield from python_messages(child, owner)


def template(node: ast.AST) -> str:
    match node:
        case ast.JoinedStr(values):
            return "".join(map(template, values))
        case ast.FormattedValue(value, conversion):
            return f"{{{ast.unparse(value)}{'!r' if conversion == ord('r') else ''}}}"
        case ast.Constant(value):
            return str(value)
    raise TypeError(node)


root = Path(__file__).parents[2]
for crate, pattern in SOURCES.items():
    found = []
    for path in sorted(root.glob(pattern)):
        if path.suffix == ".py":
            found += python_messages(ast.parse(path.read_bytes()), path.stem)
        elif SKIPPED.isdisjoint(path.parts):
            found += messages(path.read_text(encoding="utf-8"))
    assert found, f"no messages in {pattern}"
    for owner_name, message in sorted(found, key=lambda found: found[0]):
        print(crate, f"{owner_name}:", message.replace("\n", "\\n"))
