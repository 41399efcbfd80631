"""Modules that a program brings: Python source and data by path."""

import base64
import io
import linecache
import sys

from .modules import Modules, module_name

# Modules that the guest has besides the standard library.
RESERVED_MODULES = {
    "__main__", "componentize_py_async_support", "componentize_py_runtime", "componentize_py_types", "poll_loop",
    "wit_wire_guest", "wit_world",
}  # fmt: skip

# The package of the host's functions, if it has any.
HOST = "host"


def remember(filename, source):
    """Lets tracebacks show the lines of `source` under the name `filename`."""
    # Lines as Python counts them: `str.splitlines` splits at more characters.
    lines = io.StringIO(source, newline=None).readlines()
    linecache.cache[filename] = (len(source), None, lines, filename)


class Sources(Modules):
    """The modules that a program brings."""

    def __init__(self, has_host_modules=False):
        super().__init__()
        self._files = {}
        self._has_host_modules = has_host_modules

    def add(self, files):
        """Adds files by path. Ops of one program may repeat a file, if unchanged."""
        for path, content in files.items():
            path = _normalise(path)
            if not isinstance(content, str):
                content = base64.b64decode(content["base64"], validate=True)
            if self._files.setdefault(path, content) != content:
                raise ValueError(
                    f"two ops of one program have different content for {path}: "
                    "put them into two programs"
                )
            name, _ = module_name(path)
            if path.endswith(".py") and (
                name in sys.stdlib_module_names or name in RESERVED_MODULES
            ):
                raise ValueError(
                    f"{path}: the module {name!r} would shadow one of Python's own: rename it"
                )
            if self._has_host_modules and name and name.partition(".")[0] == HOST:
                raise ValueError(
                    f"{path}: the module {name!r} would shadow the host's functions: rename it"
                )
            self.add_path(path)

    def read(self, path):
        return self._files[path]

    def module_of(self, path):
        """The name of the module that the file `path` is."""
        path = _normalise(path)
        if path not in self._files:
            raise ValueError(
                f"root_src_path {path!r} is not among the sources: {', '.join(sorted(self._files))}"
            )
        name, _ = module_name(path)
        if name is None:
            raise ValueError(
                f"root_src_path {path!r} can't be imported: its parts are not valid module names"
            )
        return name


def _normalise(path):
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\\" in path or "\0" in path or not parts:
        raise ValueError(
            f"invalid source path {path!r}: expected a relative path with `/` and without `..`"
        )
    return "/".join(parts)
