"""What classes and functions consist of: fields and parameters."""

import dataclasses
import inspect
import types
import typing

from .generics import origin_of, substitute, variables
from .kinds import QUALIFIERS, is_named_tuple, is_record
from .resolve import class_hints, function_hints, own_annotations, signature, unwrap

REQUIRED = inspect.Parameter.empty
_OPTIONAL = object()


class Member(typing.NamedTuple):
    """A field or a parameter: its annotation, and its default or `REQUIRED`."""

    annotation: object
    default: object


def hints(function):
    """The annotations of a function by parameter, and `return`, as far as they can be resolved."""
    function = unwrap(function)
    if isinstance(function, type):
        if not is_record(function):
            return hints(function.__init__) | {"return": function}
        found = members(function)
        return {name: hint for name, hint in class_hints(function).items() if name in found} | {
            "return": function
        }
    if not isinstance(function, types.FunctionType):
        return {}
    found = function_hints(function)
    return {
        name: _or_none(hint) if name in _none_by_default(function) else hint
        for name, hint in found.items()
    }


def _none_by_default(function):
    """The parameters whose default is `None`, which therefore accept null."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = dict(zip(reversed(names), reversed(function.__defaults__ or ()))) | (
        function.__kwdefaults__ or {}
    )
    return {name for name, default in defaults.items() if default is None}


def _or_none(hint):
    try:
        return typing.Optional[hint]
    except TypeError:
        # Not a type, and so of no meaning.
        return hint


def parameters(function, exclude=()):
    """The parameters by name, less those in `exclude`, and the annotation of `**kwargs` or `None`.

    Raises `TypeError` if one is positional-only.
    """
    known, found, rest = hints(function), {}, None
    for parameter in signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = known.get(parameter.name, typing.Any)
        elif parameter.kind is not parameter.VAR_POSITIONAL and parameter.name not in exclude:
            if parameter.kind is parameter.POSITIONAL_ONLY:
                raise TypeError(
                    f"parameter {parameter.name!r} is positional-only: "
                    "remove the `/` after it to call by keywords"
                )
            found[parameter.name] = _member(known, parameter.name, parameter.default)
    return found, rest


def members(annotation):
    """The members of a record by name."""
    cls = origin_of(annotation)
    by_variable = variables(annotation)
    known = {name: substitute(hint, by_variable) for name, hint in class_hints(cls).items()}
    if typing.is_typeddict(cls):
        defaults = {
            name: REQUIRED if _is_in(cls, name, known.get(name)) else _OPTIONAL
            for name in own_annotations(cls)
        }
    elif is_named_tuple(cls):
        defaults = {name: cls._field_defaults.get(name, REQUIRED) for name in cls._fields}
    else:
        fields = cls.__dataclass_fields__.values()
        kinds = (dataclasses._FIELD, dataclasses._FIELD_INITVAR)
        defaults = {
            field.name: _default(field)
            for field in fields
            if field.init and field._field_type in kinds
        }
    return {name: _member(known, name, default) for name, default in defaults.items()}


def required(found):
    """The names of those members that have no default, in order."""
    return [name for name, member in found.items() if member.default is REQUIRED]


def attributes(cls, found):
    """Those of a record's members that its instances have: a dataclass may take more."""
    names = (
        [field.name for field in dataclasses.fields(cls)]
        if dataclasses.is_dataclass(cls)
        else found
    )
    return [name for name in found if name in names]


def _member(known, name, default):
    annotation = known.get(name, typing.Any)
    if default is None and name in known:
        # `x: int = None` is what people write.
        try:
            annotation = typing.Optional[annotation]
        except TypeError:
            annotation = typing.Any
    return Member(annotation, default)


def _is_in(cls, name, hint):
    """Whether a `TypedDict` requires a key. The class does not see what string annotations say."""
    while hint is not None:
        origin = typing.get_origin(hint)
        if origin in (typing.Required, typing.NotRequired):
            return origin is typing.Required
        hint = (
            typing.get_args(hint)[0] if origin is typing.Annotated or origin in QUALIFIERS else None
        )
    return name in cls.__required_keys__


def _default(field):
    if field.default is not dataclasses.MISSING:
        return field.default
    # A factory stands for what it makes: not JSON, and so not in a schema.
    return REQUIRED if field.default_factory is dataclasses.MISSING else field.default_factory
