"""What aliases and type variables stand for."""

import typing

from .resolve import alias_hint


def origin_of(annotation):
    """What stands before the brackets: `list` of `list[int]`."""
    return typing.get_origin(annotation) or annotation


def alias_value(annotation):
    """What a `type` statement's alias stands for."""
    try:
        value = alias_hint(origin_of(annotation))
    except Exception:
        # Evaluated only now, and user code.
        return typing.Any
    return substitute(value, variables(annotation))


def bound(variable):
    """What a type variable may stand for."""
    try:
        return typing.Any if variable.__bound__ is None else variable.__bound__
    except Exception:
        # Evaluated only now, and user code.
        return typing.Any


def variables(annotation):
    """What the type variables of a generic class or alias stand for."""
    origin = origin_of(annotation)
    parameters = getattr(origin, "__type_params__", ()) or getattr(origin, "__parameters__", ())
    args = typing.get_args(annotation)
    return dict(zip(parameters, args)) if len(parameters) == len(args) else {}


def substitute(annotation, variables):
    """`annotation` with its type variables replaced."""
    if isinstance(annotation, typing.TypeVar):
        return variables.get(annotation, annotation)
    parameters = () if isinstance(annotation, type) else getattr(annotation, "__parameters__", ())
    try:
        return (
            annotation[tuple(variables.get(p, p) for p in parameters)] if parameters else annotation
        )
    except TypeError:
        return typing.Any
