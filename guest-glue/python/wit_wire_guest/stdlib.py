"""The standard library inside the image.

An instance has no files, but while the image is made the library is readable:
what functions often use is imported then, and the rest is kept as code, to be
imported whenever a function first asks for it.
"""

import importlib
import marshal
import sys
from importlib.machinery import ModuleSpec, PathFinder

from . import absent, kept

# Where componentize-py shows the library to the build.
ROOT = "/python"

# Its code, compiled.
KEPT = "stdlib"

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

    def __init__(self):
        self._code = kept.Pieces(KEPT)
        self._modules = {}
        for path in self._code:
            # Not all are names in Python's sense: sysconfig has a module with a hyphen.
            name = path.removesuffix(".py").replace("/", ".")
            is_package = name.endswith(".__init__")
            self._modules[name.removesuffix(".__init__")] = (path, is_package)

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        file, is_package = self._modules[name]
        spec = ModuleSpec(name, self, origin=f"{ROOT}/{file}", is_package=is_package)
        # Some modules look for their own `__file__`.
        spec.has_location = True
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        path, _ = self._modules[module.__name__]
        exec(marshal.loads(self._code[path]), module.__dict__)
        absent.amend(module)


def take_in():
    """Keeps the library's code, and imports from it what is often used."""
    sys.meta_path[:0] = [absent.Finder, Stdlib()]
    for name in READY:
        importlib.import_module(name)


def forget_files():
    """Ends all import from files: in an instance there are none to look for."""
    sys.meta_path.remove(PathFinder)
    sys.path.clear()
    sys.path_importer_cache.clear()
