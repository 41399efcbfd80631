"""Modules of the user's own: Python source by path, imported without files."""

import io
import linecache
import sys
from importlib.machinery import ModuleSpec

SUFFIX = ".py"
INIT = "__init__"

# Modules that every image has beside the standard library.
GUESTS_OWN = {
    "__main__", "componentize_py_async_support", "componentize_py_runtime", "componentize_py_types", "poll_loop",
    "wit_wire_guest", "wit_world",
}  # fmt: skip


def remember(filename, source):
    """Lets tracebacks show the lines of `source` under the name `filename`."""
    # Lines as Python counts them: `str.splitlines` knows more ends of line.
    lines = io.StringIO(source, newline=None).readlines()
    linecache.cache[filename] = (len(source), None, lines, filename)


class Sources:
    """Finder and loader of the modules that a program brings.

    The paths are those of files below one folder, with `/` between their parts,
    and the modules are named as if that folder stood on `sys.path`.
    """

    def __init__(self):
        self._files = {}
        self._modules = {}
        self._folders = set()
        self._hosts = set()

    def add(self, files):
        """Adds files by path. Ops of one program may repeat a file, if unchanged."""
        for path, text in files.items():
            path = _normalise(path)
            if self._files.setdefault(path, text) != text:
                raise ValueError(f"two ops of one program give different text for {path}: make them two programs")
            if path.endswith(SUFFIX):
                self._add_module(path)

    def add_host(self, files):
        """Adds the files of the host's own package, whose name users' modules can't have then."""
        for path, text in files.items():
            name, is_package = _module_name(path)
            file = path.replace("host/", "<host>/", 1)
            self._files[file] = text
            self._modules[name] = (file, is_package)
            self._hosts.add(name.partition(".")[0])

    def module_of(self, path):
        """The name of the module that the file `path` is."""
        path = _normalise(path)
        if path not in self._files:
            raise ValueError(f"root_src_path {path!r} is not among the sources: {', '.join(sorted(self._files))}")
        name, _ = _module_name(path)
        if name is None:
            raise ValueError(f"root_src_path {path!r} can't be imported: its parts are no names of modules")
        return name

    def names(self):
        """All modules and packages there are."""
        return self._folders.union(self._modules)

    def _add_module(self, path):
        name, is_package = _module_name(path)
        if name is None:
            # A script that nobody can import, such as `build-docs.py`.
            return
        if "." not in name and (name in sys.stdlib_module_names or name in GUESTS_OWN):
            raise ValueError(f"{path}: the module {name!r} would hide one of Python's own: rename it")
        if name.partition(".")[0] in self._hosts:
            raise ValueError(f"{path}: the module {name!r} would hide the host's own functions: rename it")
        if is_package or name not in self._modules:
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
            if is_package:
                spec.submodule_search_locations = [name.replace(".", "/")]
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

    def get_data(self, path):
        """A file beside a module, for `pkgutil.get_data`."""
        try:
            return self._files[_normalise(path)].encode()
        except (KeyError, ValueError):
            raise FileNotFoundError(path) from None


def _normalise(path):
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\\" in path or "\0" in path or not parts:
        raise ValueError(f"source path {path!r}: want a relative path with '/' and without '..'")
    return "/".join(parts)


def _module_name(path):
    """The module's name, `None` if it can't have one, and whether it is a package."""
    parts = path.removesuffix(SUFFIX).split("/")
    is_package = parts[-1] == INIT
    if is_package:
        parts.pop()
    importable = parts and all(part.isidentifier() for part in parts)
    return ".".join(parts) if importable else None, is_package
