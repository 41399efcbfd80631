"""Compiles what becomes part of the image as code: the standard library, and packages."""

import marshal
import os
import types
import warnings
import zlib

from ..imports import baked_packages, blobs, stdlib
from ..imports.modules import SUFFIX

# Useless without files, a terminal, processes or a network; or the Python version of a module that
# the interpreter has in C.
LEFT_OUT = {
    "__phello__", "__pycache__", "_aix_support.py", "_android_support.py", "_apple_support.py", "_ios_support.py",
    "_osx_support.py", "_pydatetime.py", "_pydecimal.py", "_pyio.py", "ctypes", "curses", "ensurepip", "idlelib",
    "pydoc_data", "site-packages", "test", "tkinter", "turtle.py", "turtledemo", "venv",
    "windows_events.py", "windows_utils.py",
}  # fmt: skip

# Folders of which only some files are taken. Of the interactive console, what pydoc and pdb import.
PART = {"_pyrepl": {"__init__.py", "pager.py", "trace.py", "types.py", "utils.py"}}

# The glue's replacements for modules that are left out.
STANDINS = os.path.join(os.path.dirname(stdlib.__file__), "standins")


def compile_stdlib():
    found = {}
    for folder, folders, files in os.walk(stdlib.ROOT):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        part = PART.get(os.path.basename(folder), files)
        for file in sorted(files):
            if file.endswith(SUFFIX) and file not in LEFT_OUT and file in part:
                path = os.path.join(folder, file)
                found[os.path.relpath(path, stdlib.ROOT)] = _stdlib_code(path)
    for folder, _, files in os.walk(STANDINS):
        for file in sorted(files):
            if file.endswith(SUFFIX):
                path = os.path.join(folder, file)
                found[os.path.relpath(path, STANDINS)] = _stdlib_code(path)
    blobs.write(stdlib.NAME, found)


def _stdlib_code(path):
    # Without docstrings and asserts, as under `python -OO`.
    return _marshalled(compile(_read(path), path, "exec", dont_inherit=True, optimize=2))


def compile_packages(root):
    """Stores all files below `root`, and the code of the modules."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            file = os.path.join(folder, file)
            path = os.path.relpath(file, root).replace(os.sep, "/")
            if path.endswith(baked_packages.code_of(SUFFIX)):
                continue
            content = _read(file)
            found[path] = content
            if path.endswith(SUFFIX):
                # Read by tracebacks only. Other files are compressed better with the archive as a
                # whole.
                found[path] = zlib.compress(content, 9)
                # A package's own tests are rarely imported: they are compiled then.
                if "/tests/" not in path:
                    _put_code(found, path, content)
    blobs.write(baked_packages.NAME, found)


def _put_code(found, path, source):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(
                source, baked_packages.Packages.prefix + path, "exec", dont_inherit=True, optimize=0
            )
        except (SyntaxError, ValueError):
            # A template, or for another Python: importing it is the error.
            return
    found[baked_packages.code_of(path)] = _marshalled(code)


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _marshalled(code):
    return marshal.dumps(lines_only(code))


def lines_only(code):
    """`code` whose location table has lines and no columns, which are a quarter of the size.

    Without source, tracebacks could not point at a column anyway.

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
