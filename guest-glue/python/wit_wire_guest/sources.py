"""Modules of the user's own: Python source by path, imported without files."""

import linecache
import sys
from importlib.machinery import ModuleSpec

SUFFIX = ".py"
INIT = "__init__"


def remember(filename, source):
    """Lets tracebacks show the lines of `source` under the name `filename`."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)


class Sources:
    """Finder and loader of the modules that a program brings.

    The paths are those of files below one folder, with `/` between their parts,
    and the modules are named as if that folder stood on `sys.path`.
    """

    def __init__(self):
        self._files = {}
        self._modules = {}
        self._folders = set()

    def add(self, files):
        """Adds files by path. Ops of one program may repeat a file, if unchanged."""
        for path, text in files.items():
            path = _normalise(path)
            if self._files.setdefault(path, text) != text:
                raise ValueError(f"two ops of one program give different text for {path}: make them two programs")
            if path.endswith(SUFFIX):
                self._add_module(path)

    def module_of(self, path):
        """The name of the module that the file `path` is."""
        path = _normalise(path)
        if path not in self._files:
            raise ValueError(f"root_src_path {path!r} is not among the sources: {', '.join(sorted(self._files))}")
        return _module_name(path)[0]

    def names(self):
        """All modules and packages there are."""
        return self._folders.union(self._modules)

    def _add_module(self, path):
        name, is_package = _module_name(path)
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            raise ValueError(f"{path}: the module {top!r} would hide the standard library's: rename it")
        self._modules[name] = (path, is_package)
        while "." in name:
            name = name.rpartition(".")[0]
            self._folders.add(name)

    # What the import system asks of a finder and a loader.

    def find_spec(self, name, path=None, target=None):
        if name in self._modules:
            file, is_package = self._modules[name]
            spec = ModuleSpec(name, self, origin=file, is_package=is_package)
            spec.has_location = True
            return spec
        if name in self._folders:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [name.replace(".", "/")]
            return spec
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        file = module.__spec__.origin
        source = self._files[file]
        remember(file, source)
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        return self._files[self._modules[name][0]]


def _normalise(path):
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\\" in path or "\0" in path or not parts:
        raise ValueError(f"source path {path!r}: want a relative path with '/' and without '..'")
    return "/".join(parts)


def _module_name(path):
    """The module's name, and whether it is a package."""
    parts = path.removesuffix(SUFFIX).split("/")
    for part in parts:
        if not part.isidentifier():
            raise ValueError(f"source path {path!r}: {part!r} can't be a module's name")
    if parts[-1] != INIT:
        return ".".join(parts), False
    if len(parts) == 1:
        raise ValueError("source path '__init__.py': the folder above a program's modules is no package")
    return ".".join(parts[:-1]), True
