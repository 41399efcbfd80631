"""Modules that are read from memory or the host: their finder, loader, data files and metadata.

Paths are relative to one folder, with `/` between their parts, and modules are named as if that
folder were on `sys.path`.
"""

import posixpath
from importlib.machinery import ModuleSpec
from pathlib import Path

SUFFIX = ".py"
# Native modules can't be loaded; that they exist is part of the error message.
NATIVE_SUFFIXES = (".so", ".pyd")
INIT = "__init__"


class Modules:
    """Subclasses say with `read` where files come from, and with `code` how they are compiled."""

    # The path of the folder, as tracebacks and `__file__` show it.
    prefix = ""

    def __init__(self):
        self._paths = set()
        self._modules = {}
        self._native = {}
        self._folders = set()

    def read(self, path):
        """The file's content, as a string or bytes."""
        raise NotImplementedError

    def code(self, path):
        return compile(self.read(path), self.prefix + path, "exec", dont_inherit=True)

    def add_path(self, path):
        self._paths.add(path)
        self._folders.update(_parents(path))
        if path.endswith(SUFFIX):
            name, is_package = module_name(path)
            # It is `None` for what can't be imported, such as `settings.local.py`.
            if name is not None and (is_package or name not in self._modules):
                self._modules[name] = (path, is_package)
        elif path.endswith(NATIVE_SUFFIXES):
            # Without what follows the module's name: `_json.cpython-314-x86_64-linux-gnu.so`.
            folder, _, name = path.rpartition("/")
            self._native[posixpath.join(folder, name.partition(".")[0])] = path

    def is_file(self, path):
        return path in self._paths

    def is_folder(self, path):
        return path in self._folders

    def children(self, folder):
        start = f"{folder}/" if folder else ""
        below = (path[len(start) :] for path in self._paths if path.startswith(start))
        return sorted({rest.partition("/")[0] for rest in below})

    def metadata_folders(self):
        # Those below are of packages that another one has in it, or that its licenses are about.
        tops = (folder for folder in self._folders if "/" not in folder)
        return sorted(folder for folder in tops if folder.endswith(".dist-info"))

    # What the import system asks of a finder and a loader.

    def find_spec(self, name, path=None, target=None):
        folder = name.replace(".", "/")
        if name in self._modules:
            file, is_package = self._modules[name]
            spec = ModuleSpec(name, self, origin=self.prefix + file, is_package=is_package)
            spec.has_location = True
            if is_package:
                spec.submodule_search_locations = [self.prefix + folder]
            return spec
        if folder in self._native:
            # Without `name`, since `from . import` swallows errors that have it.
            raise ModuleNotFoundError(
                f"No module named {name!r} in the sandbox: {self._native[folder]} is native code"
            )
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__spec__.name
        if name in self._modules:
            exec(self.code(self._modules[name][0]), module.__dict__)

    def get_code(self, name):
        return self.code(self._modules[name][0]) if name in self._modules else None

    def get_source(self, name):
        if name not in self._modules:
            return None
        text = self.read(self._modules[name][0])
        return text if isinstance(text, str) else _decode(text)

    def is_package(self, name):
        return name not in self._modules or self._modules[name][1]

    def get_data(self, path):
        """A file next to a module, for `pkgutil.get_data`."""
        inside = posixpath.normpath(path.removeprefix(self.prefix))
        if not self.is_file(inside):
            raise FileNotFoundError(path)
        return as_bytes(self.read(inside))

    def get_resource_reader(self, name):
        folder = name.replace(".", "/")
        return _Reader(
            self.prefix + (folder if self.is_package(name) else posixpath.dirname(folder))
        )

    # What `sys.path_hooks` asks of us, and `pkgutil` of the result.

    def importer(self, path):
        folder = path.removeprefix(self.prefix)
        if path.startswith(self.prefix) and folder and self.is_folder(folder):
            return _Importer(self, folder)
        raise ImportError(path)

    # What `importlib.metadata` asks of a finder.

    def find_distributions(self, context=None):
        wanted = context and context.name
        for folder in self.metadata_folders():
            if wanted is None or _canonical(folder.partition("-")[0]) == _canonical(wanted):
                yield _distribution(self, folder)


class Namespaces:
    """Finder of packages without `__init__.py`, which come last and may span several places."""

    def __init__(self, places):
        self._places = places

    def find_spec(self, name, path=None, target=None):
        folder = name.replace(".", "/")
        homes = [place for place in self._places if place.is_folder(folder)]
        if not homes:
            return None
        spec = ModuleSpec(name, homes[0], is_package=True)
        spec.submodule_search_locations = [home.prefix + folder for home in homes]
        return spec


class _Importer:
    def __init__(self, modules, folder):
        self._modules = modules
        self._folder = folder

    def find_spec(self, name, target=None):
        return self._modules.find_spec(
            f"{self._folder.replace('/', '.')}.{name.rpartition('.')[2]}"
        )

    def iter_modules(self, prefix=""):
        for name in self._modules.children(self._folder):
            is_package = self._modules.is_file(f"{self._folder}/{name}/{INIT}{SUFFIX}")
            stem = name.removesuffix(SUFFIX)
            is_module = "." not in stem and (is_package or name.endswith(SUFFIX))
            if is_module and stem != INIT:
                yield prefix + stem, is_package


class _Reader:
    """What `importlib.resources` asks of a loader."""

    def __init__(self, folder):
        self._folder = folder

    def files(self):
        return Path(self._folder)


def _distribution(modules, folder):
    from importlib import metadata

    class Distribution(metadata.Distribution):
        def read_text(self, filename):
            path = f"{folder}/{filename}"
            if not modules.is_file(path):
                return None
            text = modules.read(path)
            return text if isinstance(text, str) else text.decode()

        def locate_file(self, path):
            return Path(modules.prefix, path)

    return Distribution()


def module_name(path):
    """The module's name, or `None` if it can't be imported, and whether it is a package."""
    parts = path.removesuffix(SUFFIX).split("/")
    is_package = parts[-1] == INIT
    if is_package:
        parts.pop()
    # What `import` can't say, `importlib.import_module` can: `tables.unicode17-0-0`.
    importable = parts and all(part and "." not in part for part in parts)
    return ".".join(parts) if importable else None, is_package


def as_bytes(content):
    return content.encode() if isinstance(content, str) else content


def _decode(source):
    from importlib.util import decode_source

    return decode_source(source)


def _parents(path):
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _canonical(name):
    return name.lower().replace("-", "_").replace(".", "_")
