"""The standard library inside the image.

An instance has no files, but while the image is made the library is readable:
what functions often use is imported then, and the rest is kept as code, to be
imported whenever a function first asks for it.
"""

import importlib
import marshal
import os
import sys
import types
from importlib.machinery import ModuleSpec, PathFinder

from . import absent

# Where componentize-py shows the library to the build.
ROOT = "/python"

# Of no use without files, a terminal, processes or a network; and what the
# interpreter has in C, written in Python once more.
LEFT_OUT = {
    "__phello__", "__pycache__", "_aix_support.py", "_android_support.py", "_apple_support.py", "_ios_support.py",
    "_osx_support.py", "_pydatetime.py", "_pydecimal.py", "_pyio.py", "bz2.py", "ctypes", "curses", "ensurepip", "idlelib",
    "lzma.py", "pty.py", "pydoc_data", "site-packages", "ssl.py", "test", "tkinter", "tty.py", "turtle.py", "turtledemo", "venv",
    "windows_events.py", "windows_utils.py", "zstd",
}  # fmt: skip

# All that is taken of a folder. Of the interactive console, what pydoc and pdb import.
PART = {"_pyrepl": {"__init__.py", "pager.py", "trace.py", "types.py", "utils.py"}}

# Room for the code of all modules, in bytes. What they do not need is given back.
ROOM = 12 << 20

# Imported while the image is made, so that functions find them ready.
READY = [
    "abc", "asyncio", "base64", "bisect", "calendar", "collections", "contextlib", "contextvars", "copy", "csv",
    "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib", "heapq", "hmac",
    "html", "inspect", "io", "itertools", "json", "logging", "math", "operator", "pickle", "pprint", "random", "re",
    "secrets", "string", "struct", "textwrap", "time", "traceback", "types", "typing", "unicodedata",
    "urllib.parse", "uuid", "warnings", "weakref", "zlib",
]  # fmt: skip


class Stdlib:
    """Finder and loader of the library's modules, from code kept in memory."""

    def __init__(self, root):
        # One block, taken first: what compiling leaves behind then does not lie
        # scattered between the modules, where the image would keep it.
        self._code = bytearray(ROOM)
        self._modules = {}
        end = 0
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
            part = PART.get(os.path.basename(folder), files)
            for file in sorted(files):
                if file.endswith(".py") and file not in LEFT_OUT and file in part:
                    end = self._take(root, os.path.join(folder, file), end)
        path = os.path.join(os.path.dirname(__file__), "ctypes.py")
        end = self._take(os.path.dirname(path), path, end)
        del self._code[end:]

    def _take(self, root, path, start):
        name = os.path.relpath(path, root).removesuffix(".py").replace(os.sep, ".")
        is_package = name.endswith(".__init__")
        with open(path, "rb") as file:
            # Without docstrings and asserts, as under `python -OO`.
            code = compile(file.read(), path, "exec", dont_inherit=True, optimize=2)
        code = marshal.dumps(lines_only(code))
        end = start + len(code)
        self._code[start:end] = code
        self._modules[name.removesuffix(".__init__")] = (path, is_package, start, end)
        return end

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        file, is_package, _, _ = self._modules[name]
        spec = ModuleSpec(name, self, origin=file, is_package=is_package)
        # Some modules look for their own `__file__`.
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _, _, start, end = self._modules[module.__name__]
        exec(marshal.loads(memoryview(self._code)[start:end]), module.__dict__)
        absent.amend(module)


def lines_only(code):
    """`code` whose location table has lines and no columns: without the source
    there is nothing to put a caret under, and columns are a quarter of the size.

    The format of the table: CPython's InternalDocs/code_objects.md.
    """
    table = bytearray()
    last = code.co_firstlineno
    for start, end, line in code.co_lines():
        units = (end - start) // 2
        while units > 0:
            length = min(units, 8)
            units -= length
            if line is None:
                table.append(0x80 | 15 << 3 | length - 1)
            else:
                table.append(0x80 | 13 << 3 | length - 1)
                _put_signed(table, line - last)
                last = line
    constants = (lines_only(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_linetable=bytes(table), co_consts=tuple(constants))


def _put_signed(table, value):
    value = -value << 1 | 1 if value < 0 else value << 1
    while value >= 64:
        table.append(64 | value & 63)
        value >>= 6
    table.append(value)


def take_in():
    """Keeps the library's code, and imports from it what is often used."""
    sys.meta_path[:0] = [absent.Finder, Stdlib(ROOT)]
    for name in READY:
        importlib.import_module(name)


def forget_files():
    """Ends all import from files: in an instance there are none to look for."""
    sys.meta_path.remove(PathFinder)
    sys.path.clear()
    sys.path_importer_cache.clear()
