"""What one annotation is: a number, a list, a record, ..."""

import dataclasses
import enum
import sys
import types
import typing
from collections import abc

from .forms import FORMS, path_form
from .generics import alias_value, bound, origin_of

# Types whose values are JSON as they are, and what messages call them.
EXACT = {types.NoneType: "null", bool: "true or false", int: "an integer", str: "a string"}

# What a JSON array is read as, by the annotation's origin.
LISTS = {
    list: list, tuple: tuple, set: set, frozenset: frozenset, abc.Set: set, abc.MutableSet: set,
    abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list,
}  # fmt: skip
QUALIFIERS = (
    typing.Final,
    typing.ClassVar,
    typing.Required,
    typing.NotRequired,
    getattr(typing, "ReadOnly", typing.Final),
)
_OBJECTS = (dict, abc.Mapping, abc.MutableMapping)
_UNIONS = (typing.Union, types.UnionType)
_ALIAS = getattr(typing, "TypeAliasType", ())


def classify(annotation):
    """What an annotation is: the name of the `Composer`'s method for it, and its arguments."""
    if annotation is None:
        annotation = types.NoneType
    origin = origin_of(annotation)
    args = typing.get_args(annotation)
    if not _is_hashable(origin):
        return ("anything",)
    if origin in EXACT:
        return "exact", origin
    if origin in FORMS:
        return "form", FORMS[origin]
    if origin in _UNIONS and args:
        return "union", args
    if origin in LISTS:
        return _list(annotation, origin, args)
    if origin in _OBJECTS:
        return "mapping", *(args or (typing.Any, typing.Any))
    if origin is typing.Annotated:
        return (
            "described",
            args[0],
            next((extra for extra in args[1:] if isinstance(extra, str)), None),
        )
    if origin is typing.Literal:
        return "literal", args
    if origin in QUALIFIERS and args:
        return "same", args[0]
    if origin is typing.Self:
        return ("itself",)
    if isinstance(origin, _ALIAS):
        return "alias", annotation if _is_hashable(annotation) else origin
    if isinstance(origin, typing.NewType):
        return "same", origin.__supertype__
    if isinstance(origin, dataclasses.InitVar):
        return "same", origin.type
    if isinstance(origin, typing.TypeVar):
        return "same", bound(origin)
    if isinstance(origin, type):
        return _class(annotation, origin)
    return ("anything",)


def underlying(annotation):
    """What an alias or a described annotation is about."""
    kind, *details = classify(annotation)
    while kind in ("same", "described", "alias"):
        annotation = alias_value(details[0]) if kind == "alias" else details[0]
        kind, *details = classify(annotation)
    return annotation


def name_of(annotation):
    """What users call it."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    name = getattr(origin or annotation, "__name__", str(annotation))
    if isinstance(origin, (type, _ALIAS)) and origin not in _UNIONS:
        return f"{name}[{', '.join(map(name_of, args))}]"
    return name if origin is None else str(annotation)


def is_record(cls):
    """Whether `cls` is a dataclass, a `TypedDict` or a `NamedTuple`."""
    return dataclasses.is_dataclass(cls) or typing.is_typeddict(cls) or is_named_tuple(cls)


def is_named_tuple(cls):
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def is_set(origin):
    return issubclass(origin, abc.Set)


def _is_hashable(annotation):
    try:
        hash(annotation)
    except TypeError:
        return False
    return True


def _list(annotation, origin, args):
    if origin is not tuple or not args and annotation != tuple[()]:
        return "items", origin, args[0] if args else typing.Any
    if args[1:] == (Ellipsis,):
        return "items", tuple, args[0]
    if any(
        typing.get_origin(arg) is typing.Unpack or getattr(arg, "__unpacked__", False)
        for arg in args
    ):
        return "items", tuple, typing.Any
    return "fixed", args


def _class(annotation, cls):
    if issubclass(cls, enum.Enum) and len(cls):
        return "enumeration", cls
    if is_record(cls):
        return "record", annotation if _is_hashable(annotation) else cls
    # Too slow to be imported for nothing; code that names its classes has imported it.
    pathlib = sys.modules.get("pathlib")
    if pathlib and issubclass(cls, pathlib.PurePath):
        return "form", path_form(cls)
    return ("anything",)
