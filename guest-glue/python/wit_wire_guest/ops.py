"""From op data to handlers: functions that are called with the input alone."""

import inspect
import sys
import types
from importlib.machinery import PathFinder

from . import wire_json
from .calls.handler import Handler
from .cells import Cells
from .errors import frames
from .imports import baked_packages, files
from .imports.host_packages import HostPackages
from .imports.modules import Modules, Namespaces
from .imports.sources import HOST, Sources, remember


class Unusable(Exception):
    """The op's `ty` is unknown, or its data lack what that `ty` needs."""

    def __init__(self, op):
        super().__init__(op.op_name)
        self.op = op


class Failed(Exception):
    """The op's own code failed while it was loaded."""

    def __init__(self, op, error):
        super().__init__(op.op_name)
        self.op = op
        self.error = error


def load(ops):
    """The handlers by op name. If one op fails, none is loaded."""
    data = [_data(op) for op in ops]
    if any(fields.get("tracebacks") == "full" for fields in data):
        frames.show_all()
    tops = {top for fields in data for top in fields.get("library", ())}
    sources, host_packages = Sources(has_host_modules=HOST in tops), HostPackages(tops)
    # In this order: a package that the host stores comes before one of the image, which may be
    # older.
    places = [sources, host_packages, *baked_packages.baked]
    # Last, modules that programs write, of whose folders they tell `sys.path`.
    sys.meta_path += [*places, Namespaces(places), PathFinder]
    # Before that of folders on `sys.path`, which would find the same files.
    sys.path_hooks[:0] = [place.importer for place in places]
    files.show(places)
    for op, fields in zip(ops, data):
        if fields["ty"] == "import_function":
            _guard(op, sources.add, fields["sources"])
    handlers = {}
    sessions = [op for op, fields in zip(ops, data) if fields["ty"] == "cells"]
    if len(sessions) > 1:
        raise Failed(
            sessions[1], ValueError("the cells of a program share one namespace, and one op")
        )
    for op, fields in zip(ops, data):
        if op.op_name in handlers:
            raise Failed(op, ValueError(f"duplicate op `{op.op_name}`"))
        handlers[op.op_name] = _guard(op, _handler, op, fields, sources)
    return handlers


_FIELDS = {
    "lambda": {"source": str},
    "def": {"source": str, "func_name": str},
    "cells": {},
    "import_function": {"sources": dict, "func_name": str, "root_src_path": str},
}


def _data(op):
    """The op's data, which have the fields that its `ty` needs."""
    try:
        fields = wire_json.decode(op.mat_data_json)
        needed = _FIELDS[fields["ty"]]
    except (wire_json.NotJson, TypeError, KeyError):
        raise Unusable(op) from None
    for name, kind in needed.items():
        if not isinstance(fields.get(name), kind):
            raise Unusable(op)
    if "sources" in needed and not all(map(_is_content, fields["sources"].values())):
        raise Unusable(op)
    if fields.get("call", "positional") not in ("positional", "keywords"):
        raise Unusable(op)
    return fields


def _is_content(content):
    """Whether `content` is that of a file: text, or other bytes."""
    return (
        isinstance(content, str)
        or isinstance(content, dict)
        and isinstance(content.get("base64"), str)
    )


def _guard(op, step, *args):
    try:
        return step(*args)
    except BaseException as error:
        raise Failed(op, error) from None


def _handler(op, fields, sources):
    match fields["ty"]:
        case "cells":
            return Handler(Cells().run, by_keywords=True)
        case "lambda":
            module, code = _compile(op, fields["source"].strip(), "eval")
            function = eval(code, module.__dict__)
        case "def":
            module, code = _compile(op, fields["source"], "exec")
            exec(code, module.__dict__)
            function = _find(module, fields["func_name"])
        case "import_function":
            name = sources.module_of(fields["root_src_path"])
            # Not through `importlib`, whose frames would be part of the traceback.
            __import__(name)
            function = _find(sys.modules[name], fields["func_name"])
    return Handler(function, fields.get("call") == "keywords")


def _compile(op, source, mode):
    """A module for source without a file, and its code."""
    name = op.op_name
    if name in sys.modules or name in sys.stdlib_module_names or _is_module(name):
        name = f"op {name}"
    filename = f"<{op.op_name}>"
    remember(filename, source)
    module = types.ModuleType(name)
    module.__file__ = filename
    # Dataclasses, pickle and typing look a class's module up here.
    sys.modules[name] = module
    return module, compile(source, filename, mode, dont_inherit=True)


def _is_module(name):
    return any(
        isinstance(finder, (Modules, Namespaces)) and finder.find_spec(name)
        for finder in sys.meta_path
    )


def _find(module, func_name):
    found = module
    for part in func_name.split("."):
        owner = found
        try:
            found = getattr(owner, part)
        except AttributeError:
            here = module.__name__
            functions = [
                f for f in vars(module).values() if inspect.isfunction(f) and f.__module__ == here
            ]
            names = [function.__name__ for function in functions]
            raise AttributeError(
                f"no function {func_name!r} in {module.__name__}; "
                f"it has {', '.join(names) or 'none'}"
            ) from None
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, part, None)):
        raise TypeError(
            f"{func_name} is a method and needs an object: make it a staticmethod or a classmethod"
        )
    return found
