"""Where a call spends its time, by stack of the user's functions."""

import sys
from time import perf_counter_ns

from ..errors.frames import CALLED, GLUE
from . import loop
from .hostcalls import hostcall

# Deeper frames count for the frame at this depth: the size of a recursion's report grows with the
# square of its depth.
DEEPEST = 200

# In characters, since users choose the names.
LONGEST = 200


def _hostcall(frame):
    op = frame.f_locals.get("op")
    return f"hostcall {op}" if type(op) is str else "hostcall"


# The functions in which the glue waits, and what reports call that.
_WAITS = {
    hostcall.__code__: _hostcall,
    loop.Hostcalls.select.__code__: lambda frame: "waiting for hostcalls and timers",
}


class _Node:
    """A stack of functions."""

    __slots__ = ("below", "depth", "name", "time")

    def __init__(self, name, depth):
        self.name = name
        self.depth = depth
        self.below = {}
        self.time = 0


class Profile:
    """Each function's own time, measured at every call and return, less what measuring takes.

    Frames of the glue count for the user's function that called it, and so do those of `asyncio`
    and `json` that the glue called.
    """

    def __init__(self):
        self._root = _Node("", 0)
        # For each frame its node, or its caller's if the frame is not shown, and whether it is
        # shown. `None` instead where the glue waits: no frame below is shown.
        self._stack = [(self._root, False)]
        self._since = 0

    def __enter__(self):
        self._since = perf_counter_ns()
        sys.setprofile(self._on_event)

    def __exit__(self, *_):
        sys.setprofile(None)
        self._stack[-1][0].time += perf_counter_ns() - self._since

    def _on_event(self, frame, event, function):
        stack = self._stack
        node, is_shown = stack[-1]
        node.time += perf_counter_ns() - self._since
        if event == "call":
            stack.append(_called(node, is_shown, frame))
        elif event == "c_call":
            name = _native_name(function) if is_shown else None
            stack.append((_below(node, name, name), True) if is_shown else (node, is_shown))
        elif len(stack) > 1:
            # The first returns are from frames that were entered before profiling began.
            stack.pop()
        self._since = perf_counter_ns()

    def stacks(self):
        """`[[outermost function, ...], microseconds]` for each stack with time of its own."""
        found, waiting = [], [(self._root, [])]
        while waiting:
            node, names = waiting.pop()
            if node.time >= 1_000:
                found.append([names, node.time // 1_000])
            waiting += [(below, [*names, _clean(below.name)]) for below in node.below.values()]
        return found


def _called(node, is_shown, frame):
    if is_shown is None:
        return node, None
    code = frame.f_code
    if code in _WAITS:
        name = _WAITS[code](frame)
        return _below(node, name, name), None
    file = code.co_filename
    if file.startswith(GLUE) or file.startswith(CALLED) and not is_shown:
        return node, False
    return _below(node, code, f"{code.co_qualname} ({file}:{code.co_firstlineno})"), True


def _below(node, key, name):
    if node.depth >= DEEPEST:
        return node
    found = node.below.get(key)
    if found is None:
        found = node.below[key] = _Node(name, node.depth + 1)
    return found


def _native_name(function):
    name = getattr(function, "__qualname__", None)
    module = getattr(function, "__module__", None)
    if type(name) is not str:
        return type(function).__name__
    return f"{module}.{name}" if type(module) is str and module != "builtins" else name


def _clean(name):
    return name[:LONGEST].encode("utf-8", "backslashreplace").decode()
