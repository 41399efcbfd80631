"""Cells: pieces of source that run one after the other in one namespace, as in a notebook.

What a cell leaves is found by the next one, because the host keeps the memory between them. Only
tasks end with their cell: each that awaits runs in an event loop of its own.
"""

import __future__
import ast
import builtins
import collections
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

# What a host parses if it has the default limits, less what is around the value: values and keys,
# levels of nesting.
MOST_NODES = 250_000 - 100
DEEPEST_JSON = 120
# In bytes. The host would take more, but what was used to write it stays in the session's memory,
# several times as much.
LARGEST_JSON = 8 << 20
# Those that are numbers rather than text of any length there.
_INTEGERS = range(-(2**63), 2**64)

# `repr` recurses in C, as the decoder of JSON does.
DEEPEST_REPR = wire_json.DEEPEST
_deep = []

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag

_CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)


class Cells:
    """The namespace, and what else lasts from cell to cell."""

    def __init__(self):
        # Where pickle, dataclasses and typing look for the classes of cells.
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        self._names = module.__dict__
        self._names |= {"__builtins__": builtins, "ctx": CellContext()}
        self._number = 0
        # Has an effect on cells that come later: `from __future__ import ...`.
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        # Context variables, such as decimal's context.
        self._context = contextvars.copy_context()
        # Where classes are defined, by name and line.
        self._classes = {}
        self._have_inspect_find_classes()

    def run(self, source: str):
        """Runs a cell: its `number`, and `repr` and `value` of the expression at its end.

        There is no `repr` if there is no such expression, or it is `None`; and no `value` if it is
        none that JSON has.
        """
        self._number += 1
        number = self._number
        filename = f"<cell {number}>"
        remember(filename, source)
        codes = self._compile(source, filename)
        if any(code.co_flags & inspect.CO_COROUTINE for code in codes):
            show = self._context.run
            return CoroutineCall(
                self._run_async(codes), lambda value: show(_shown, number, value), self._context
            )
        return self._context.run(self._run, number, codes)

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

    def _run(self, number, codes):
        for code in codes:
            value = eval(code, self._names)
        return _shown(number, value)

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


def _shown(number, value):
    """What the host gets of a cell. `_` is bound to its value."""
    shown = {"number": number}
    if value is not None:
        builtins._ = value
        shown["repr"] = _repr(value)
        if _is_json(value):
            shown["value"] = value
    return shown


def _repr(value):
    """`repr(value)`, or as much of it as one looks at."""
    if _is_deep(value):
        # For ever: to free it recurses in C, too, and would end each of the cells that replace `_`.
        _deep.append(value)
        return f"<{type(value).__name__} of more than {DEEPEST_REPR} levels>"
    more = -LONGEST_REPR
    if type(value) in (str, bytes) and len(value) > LONGEST_REPR:
        # The rest has one character each, or some more.
        more += len(value) - LONGEST_REPR
        value = value[:LONGEST_REPR]
    text = repr(value)
    more += len(text)
    if more > 0:
        text = f"{text[:LONGEST_REPR]}[... {more} more characters]"
    return text.encode("utf-8", "backslashreplace").decode()


def _is_deep(value):
    level, seen = [value], set()
    for _ in range(DEEPEST_REPR):
        below = []
        for part in level:
            if not isinstance(part, _CONTAINERS) or id(part) in seen:
                continue
            seen.add(id(part))
            for parts in (part, part.values()) if isinstance(part, dict) else (part,):
                # Most have no such parts, of which the set of types tells quickly.
                if any(issubclass(kind, _CONTAINERS) for kind in set(map(type, parts))):
                    below += parts
        if not below:
            return False
        level = below
    return True


def _is_json(value):
    """Whether the host can have `value` as JSON, from which it would come back as it is."""
    level, nodes, size = [value], 1, 0
    for _ in range(DEEPEST_JSON):
        below = []
        for part in level:
            kind = type(part)
            if kind is str:
                size += len(part)
            elif kind is int:
                if part not in _INTEGERS:
                    return False
            elif kind is list or kind is dict:
                nodes += len(part) if kind is list else 2 * len(part)
                if nodes > MOST_NODES:
                    return False
                below += part
                if kind is dict:
                    if not set(map(type, part)) <= {str}:
                        return False
                    below += part.values()
            elif kind not in (float, bool, type(None)):
                return False
        if size > LARGEST_JSON:
            return False
        if not below:
            break
        level = below
    else:
        return False
    try:
        return len(wire_json.encode(value).encode()) <= LARGEST_JSON
    except ValueError:
        # Numbers that are not finite, lone surrogates.
        return False
