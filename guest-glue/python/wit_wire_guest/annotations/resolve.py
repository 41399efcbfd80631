"""Annotations as they were written, and the objects that they mean.

Each is resolved by itself, since one that can't be would take all others with it.
"""

import functools
import inspect
import sys
import types
import typing

if sys.version_info >= (3, 14):
    # Annotations are evaluated when they are asked for: all but those that can't be, or each as a
    # string.
    from annotationlib import Format

    _FORMATS = [{"format": Format.FORWARDREF}, {"format": Format.STRING}]
    _SIGNATURE = {"annotation_format": Format.FORWARDREF}
else:
    _FORMATS, _SIGNATURE = [{}], {}

_NO_VALUE = object()


def unwrap(function):
    """What a user wrote, below decorators, partials, bound methods and objects with `__call__`."""
    ends = (type, types.BuiltinFunctionType, types.WrapperDescriptorType)
    for _ in range(sys.getrecursionlimit()):
        if isinstance(function, ends):
            break
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, (types.MethodType, staticmethod, classmethod)):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif isinstance(function, types.FunctionType):
            break
        else:
            function = getattr(type(function), "__call__", None)
    return function


def signature(function):
    """As `inspect.signature`, even if annotations can't be evaluated."""
    try:
        return inspect.signature(function, **_SIGNATURE)
    except Exception:
        inner = unwrap(function)
        if not _SIGNATURE or not isinstance(inner, types.FunctionType):
            raise
    # No format of `inspect.signature` leaves them out.
    annotate, inner.__annotate__ = inner.__annotate__, None
    try:
        return inspect.signature(function)
    finally:
        inner.__annotate__ = annotate


def function_hints(function):
    """A plain function's own annotations by name, without those that can't be resolved."""
    return _known(_resolve_all(function, function.__globals__, {}))


def class_hints(cls):
    """A class's annotations by name, inherited ones too, without those that can't be resolved."""
    found = {}
    for base in reversed(cls.__mro__):
        own = dict(vars(base))
        # Names of the module come first, as in `typing.get_type_hints`: `date: date = None` means
        # the module's.
        found |= _resolve_all(base, own, _globals(base), own)
    return _known(found)


def alias_hint(alias):
    """The value of a `type` statement's alias, or `None` if it can't be resolved."""
    return _resolve(alias.__value__, _globals(alias), _with_type_params(alias, {}))


def own_annotations(owner):
    """A function's or a class's own annotations as they were written, by name."""
    for how in _FORMATS:
        try:
            return inspect.get_annotations(owner, **how)
        except Exception:
            # User code, which may raise anything.
            continue
    return {}


def _known(resolved):
    return {name: hint for name, hint in resolved.items() if hint is not None}


def _globals(owner):
    return getattr(sys.modules.get(owner.__module__), "__dict__", {})


def _resolve_all(owner, globalns, localns, values=types.MappingProxyType({})):
    """An owner's own annotations by name, `None` if they can't be resolved."""
    localns, found = _with_type_params(owner, localns), {}
    for name, annotation in own_annotations(owner).items():
        # Evaluated late, `date: date = None` is annotated with its own value, which is not what was
        # meant.
        is_itself = annotation is values.get(name, _NO_VALUE)
        found[name] = None if is_itself else _resolve(annotation, globalns, localns)
    return found


def _with_type_params(owner, localns):
    params = getattr(owner, "__type_params__", ())
    return {**localns, **{param.__name__: param for param in params}} if params else localns


def _resolve(annotation, globalns, localns):
    if isinstance(annotation, type):
        return annotation
    probe = type("probe", (), {"__annotations__": {"it": annotation}})
    try:
        return typing.get_type_hints(probe, globalns, localns, include_extras=True)["it"]
    except Exception:
        return None
