"""The standard library inside the image.

An instance has no files, but while the image is made the library is readable:
what functions often use is imported then, and the rest is kept as code, to be
imported whenever a function first asks for it.
"""

import importlib
import marshal
import os
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec

# Where componentize-py shows the library to the build.
ROOT = "/python"

# Of no use without files, a terminal, processes or a network.
LEFT_OUT = {
    "__phello__", "_pyrepl", "curses", "ensurepip", "idlelib", "pydoc_data", "site-packages", "test", "tkinter",
    "turtledemo", "venv",
}  # fmt: skip

# Imported while the image is made, so that functions find them ready.
READY = [
    "abc", "argparse", "base64", "bisect", "calendar", "collections", "contextlib", "contextvars", "copy", "csv",
    "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "hmac",
    "html", "inspect", "io", "itertools", "json", "logging", "math", "operator", "pickle", "pprint", "random", "re",
    "secrets", "statistics", "string", "struct", "textwrap", "time", "traceback", "types", "typing", "unicodedata",
    "urllib.parse", "uuid", "warnings", "weakref", "zlib", "zoneinfo",
]  # fmt: skip


class Stdlib:
    """Finder and loader of the library's modules, from code kept in memory."""

    def __init__(self, root):
        self._modules = {}
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in LEFT_OUT and name != "__pycache__"]
            for file in files:
                if file.endswith(".py"):
                    self._take(root, os.path.join(folder, file))

    def _take(self, root, path):
        relative = os.path.relpath(path, root)
        parts = relative.removesuffix(".py").split(os.sep)
        is_package = parts[-1] == "__init__"
        if is_package:
            parts.pop()
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        self._modules[".".join(parts)] = (path, is_package, marshal.dumps(code))

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        file, is_package, _ = self._modules[name]
        return ModuleSpec(name, self, origin=file, is_package=is_package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(marshal.loads(self._modules[module.__name__][2]), module.__dict__)


def take_in():
    """Imports what is often used, keeps the rest, and forgets that there were files."""
    for name in READY:
        importlib.import_module(name)
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Stdlib(ROOT)]
    sys.path.clear()
    sys.path_importer_cache.clear()
