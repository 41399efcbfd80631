"""Cells: pieces of source that run one after the other in one namespace, as in a notebook.

What a cell leaves is found by the next one, because the host keeps the memory between them. Only
tasks end with their cell: each that awaits runs in an event loop of its own.
"""

import __future__
import ast
import builtins
import contextvars
import inspect
import linecache
import sys
import types

from . import wire_json
from .calls.context import CellContext
from .calls.coroutine_call import CoroutineCall
from .imports.sources import remember

# In characters.
LONGEST_REPR = 10_000

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag

_SCALARS = {str, int, float, bool, type(None)}


class Cells:
    """The namespace, and what else lasts from cell to cell."""

    def __init__(self):
        # Where pickle, dataclasses and typing look for the classes of cells.
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        self._names = module.__dict__
        self._names |= {"__builtins__": builtins, "ctx": CellContext()}
        # Has an effect on cells that come later: `from __future__ import ...`.
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        # Context variables, such as decimal's context.
        self._context = contextvars.copy_context()
        # Where classes are defined, by name and line.
        self._classes = {}
        self._have_inspect_find_classes()

    def run(self, source: str, number: int):
        """Runs a cell: `{"value"}` or `{"repr"}` of the expression at its end, if it has one."""
        filename = f"<cell {number}>"
        remember(filename, source)
        codes = self._compile(source, filename)
        if any(code.co_flags & inspect.CO_COROUTINE for code in codes):
            show = self._context.run
            return CoroutineCall(
                self._run_async(codes), lambda value: show(_shown, value), self._context
            )
        return self._context.run(self._run, codes)

    def _compile(self, source, filename):
        """The code of the statements, and that of an expression at the end."""
        try:
            tree = compile(source, filename, "exec", self._flags | ast.PyCF_ONLY_AST, True)
            parts = [(tree, "exec")]
            if tree.body and isinstance(tree.body[-1], ast.Expr):
                parts.append((ast.Expression(tree.body.pop().value), "eval"))
            codes = []
            for part, mode in parts:
                code = compile(part, filename, mode, self._flags, True)
                self._flags |= code.co_flags & _FUTURES
                codes.append(code)
        except SyntaxError as error:
            if error.text is None and error.filename == filename and error.lineno:
                # The compiler knows the line only of what can't be parsed at all.
                error.text = linecache.getline(filename, error.lineno)
            raise
        for code in codes:
            self._note_classes(code, filename)
        return codes

    def _run(self, codes):
        for code in codes:
            value = eval(code, self._names)
        return _shown(value)

    async def _run_async(self, codes):
        for code in codes:
            value = eval(code, self._names)
            if code.co_flags & inspect.CO_COROUTINE:
                value = await value
        return value

    def _note_classes(self, code, filename):
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                if not inner.co_flags & inspect.CO_OPTIMIZED:
                    self._classes[inner.co_qualname, inner.co_firstlineno] = filename
                self._note_classes(inner, filename)

    def _have_inspect_find_classes(self):
        """Classes know their module's file and their line, and this module has many files."""
        getfile, classes = inspect.getfile, self._classes

        def getfile_of_cells(object):
            if inspect.isclass(object) and object.__module__ == "__main__":
                place = object.__qualname__, vars(object).get("__firstlineno__")
                if place in classes:
                    return classes[place]
            return getfile(object)

        inspect.getfile = getfile_of_cells


def _shown(value):
    """What the host gets of a value. `_` is bound to it."""
    if value is None:
        return {}
    builtins._ = value
    if _is_json(value):
        return {"value": value}
    text = repr(value)
    more = len(text) - LONGEST_REPR
    if more > 0:
        text = f"{text[:LONGEST_REPR]}[... {more} more characters]"
    return {"repr": text.encode("utf-8", "backslashreplace").decode()}


def _is_json(value):
    """Whether `value` would come back from JSON as it is, with the same types."""
    level, seen = [value], set()
    for _ in range(wire_json.DEEPEST):
        below = []
        for part in level:
            kind = type(part)
            if kind in _SCALARS:
                continue
            if kind is dict and set(map(type, part)) <= {str}:
                parts = part.values()
            elif kind is list:
                parts = part
            else:
                return False
            if id(part) not in seen and not set(map(type, parts)) <= _SCALARS:
                seen.add(id(part))
                below += parts
        if not below:
            break
        level = below
    else:
        return False
    try:
        wire_json.encode(value)
    except ValueError:
        # Numbers that are not finite, lone surrogates, what contains itself.
        return False
    return True
