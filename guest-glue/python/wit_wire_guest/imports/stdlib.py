"""The standard library, as part of the image.

While the image is made there are files: modules that functions often use are imported then, and the
others stored as code, from which they are imported when a function first asks for them.
"""

import importlib
import marshal
import sys
from importlib.machinery import ModuleSpec, PathFinder

from . import keys, native, unsupported
from .blobs import Blobs

# Where componentize-py mounts the library while the image is made.
ROOT = "/python"

# The blobs' name.
NAME = "stdlib"

# Imported while the image is made.
PRELOADED = [
    "abc", "asyncio", "base64", "bisect", "calendar", "collections", "contextlib", "contextvars", "copy", "csv",
    "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib", "heapq", "hmac",
    "html", "inspect", "io", "itertools", "json", "logging", "math", "operator", "pickle", "pprint", "random", "re",
    "secrets", "string", "struct", "textwrap", "time", "traceback", "types", "typing", "unicodedata",
    "urllib.parse", "uuid", "warnings", "weakref", "zlib",
]  # fmt: skip


class Stdlib:
    """Finder and loader of the library's modules, from code in memory."""

    def __init__(self):
        self._code = Blobs(NAME)
        self._modules = {}
        # By module, what is done to it once it is imported.
        self.patches = {}
        for path in self._code:
            # Not always an identifier: sysconfig has a module with a hyphen.
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
        if patch := self.patches.get(module.__name__):
            patch(module)
        unsupported.patch(module)
        if module.__name__ == "hashlib":
            keys.add_to(module)


def install():
    """Imports the library from its stored code from here on; what is often used, at once."""
    library = Stdlib()
    sys.meta_path[:0] = [unsupported.Finder, library, native.Finder()]
    # Late, since it imports some of the library.
    from . import patches

    patches.install()
    library.patches = patches.PATCHES
    for name in PRELOADED:
        importlib.import_module(name)


def paths():
    """The library's files, as paths below `ROOT`."""
    return list(Blobs(NAME))


def forget_files():
    """Ends imports from the files that are there while the image is made."""
    sys.meta_path.remove(PathFinder)
    sys.dont_write_bytecode = True
    sys.path.clear()
    sys.path_importer_cache.clear()
