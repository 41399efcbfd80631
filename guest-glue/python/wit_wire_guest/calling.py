"""How a function is called: with the input, perhaps a context, perhaps by keywords."""

import inspect
import typing

from . import annotations, loop, schemas
from .context import AsyncContext, Context

# The parameter that takes the context of a function that is called by keywords.
CONTEXT = "ctx"


class InputError(annotations.Mismatch):
    """The input does not fit the function's annotations."""

    __module__ = "builtins"


class ResultError(annotations.Mismatch):
    """The result does not fit the function's annotation."""

    __module__ = "builtins"


class Handler:
    """A function, callable with the input alone."""

    def __init__(self, function, by_keywords):
        self._function = function
        self._by_keywords = by_keywords
        parameters = _parameters(function)
        is_async = _is_async(function)
        context = AsyncContext() if is_async else Context()
        hints = annotations.hints(function)
        if by_keywords:
            self._parameter = None
            call = _by_keywords(function, parameters, context)
        else:
            self._parameter, call = _positional(function, parameters, hints, context)
        if is_async:
            call = _in_loop(call)
        self.call = _converting(call, hints, self._parameter)

    def schema(self):
        # A function without parameters takes no input, whatever is given.
        parameter = None if self._by_keywords else self._parameter or ""
        return schemas.function_schema(self._function, parameter, exclude={CONTEXT})


def _parameters(function):
    """The function's parameters, `None` if Python does not know them."""
    if not callable(function):
        raise TypeError(f"{type(function).__name__} object is not callable")
    if any(inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code) for code in _codes(function)):
        raise TypeError("generators can't be called here: a function returns its result, such as a list")
    try:
        return list(annotations.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def _is_async(function):
    # Also below decorators.
    return any(map(inspect.iscoroutinefunction, [*_codes(function), annotations.written(function)]))


def _codes(function):
    """The function, and for an object that can be called its method."""
    return [function] if inspect.isroutine(function) or inspect.isclass(function) else [function, function.__call__]


def _positional(function, parameters, hints, context):
    """The name of the parameter that takes the input, and a function of the input.

    Parameters that have a default keep it: `def f(x, n=2)` is given the input.
    """
    if parameters is None:
        return None, function
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    unfilled = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    keywords = [p for p in parameters if p.kind is p.VAR_KEYWORD and not positional]
    if len(required) > 2 or unfilled or keywords:
        names = ", ".join(map(str, [*required, *unfilled, *keywords]))
        raise TypeError(
            f"a function takes the input, or the input and a context, and this one wants ({names}): "
            "have it called by keywords, or let it take one object"
        )
    name = positional[0].name if positional else None
    if len(required) == 2:
        hint = hints.get(required[1].name)
        if _is_value(hint):
            raise TypeError(
                f"the second parameter takes the context, and this one ({required[1]}) is annotated as a value: "
                "have the function called by keywords, or let it take one object"
            )
        return name, lambda value: function(value, context)
    if not positional and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None, lambda value: function()
    return name, function


def _is_value(hint):
    """Whether it is a type of plain values, such as `int` or `list[str]`, which no context is."""
    kind = typing.get_origin(hint) or hint
    return isinstance(kind, type) and kind is not object and kind.__module__ == "builtins"


def _by_keywords(function, parameters, context):
    """A function of an object that has the arguments by name."""
    if parameters is None:
        raise TypeError("the function can't be called by keywords: Python does not know its parameters")
    arguments = annotations.keywords(function, exclude={CONTEXT})
    more = {CONTEXT: context} if any(p.name == CONTEXT for p in parameters) else {}

    def call(value):
        try:
            given = arguments(value)
        except annotations.Mismatch as error:
            raise InputError(error.message, *error.steps) from error.__cause__
        return function(**given, **more)

    return call


def _in_loop(call):
    def in_loop(value):
        result = call(value)
        return loop.run(result) if inspect.isawaitable(result) else result

    return in_loop


def _converting(call, hints, parameter):
    """`call` with input and result as the annotations say."""
    read = annotations.reader(hints[parameter]) if parameter in hints else None
    write = annotations.writer(hints["return"]) if "return" in hints else None
    if read is None and write is None:
        return call

    def converted(value):
        if read is not None:
            try:
                value = read(value)
            except annotations.Mismatch as error:
                raise InputError(error.message, *error.steps) from error.__cause__
        result = call(value)
        if write is None:
            return result
        try:
            return write(result)
        except annotations.Mismatch as error:
            raise ResultError(error.message, *error.steps) from error.__cause__

    return converted
