"""A function as something that is called with the input alone.

The input is passed as one argument or by keywords, converted as the annotations say, and a context
is added for functions that take one.
"""

import inspect
import typing

from ..annotations.members import hints
from ..annotations.mismatch import Mismatch
from ..annotations.reading import keywords, reader
from ..annotations.resolve import signature, unwrap
from ..annotations.schemas import function_schema
from ..annotations.writing import writer
from .context import AsyncContext, Context
from .coroutine_call import CoroutineCall

# The parameter that takes the context of a function that is called by keywords.
CONTEXT = "ctx"


class InputError(Mismatch):
    """The input does not fit the function's annotations."""

    __module__ = "builtins"


class ResultError(Mismatch):
    """The result does not fit the function's annotation."""

    __module__ = "builtins"


class Handler:
    """A function, callable with the input alone.

    `call(value)` returns the function's result; of a coroutine function, a `CoroutineCall` that has
    yet to be run.
    """

    def __init__(self, function, by_keywords):
        self._function = function
        self._by_keywords = by_keywords
        parameters = _parameters(function)
        is_async = _is_async(function)
        context = AsyncContext() if is_async else Context()
        known = hints(function)
        if by_keywords:
            self._parameter = None
            call = _by_keywords(function, parameters, context)
        else:
            self._parameter, call = _positional(function, parameters, known, context)
        parameter = self._parameter
        read = reader(known[parameter]) if parameter in known else None
        write = writer(known["return"]) if "return" in known else None
        if is_async:
            call, write = _in_loop(call, write), None
        self.call = _converting(call, read, write)

    def schema(self):
        # A function without parameters ignores its input.
        parameter = None if self._by_keywords else self._parameter or ""
        return function_schema(self._function, parameter, exclude={CONTEXT})


def _parameters(function):
    """The function's parameters, `None` if Python does not know them."""
    if not callable(function):
        raise TypeError(f"{type(function).__name__!r} object is not callable")
    if any(
        inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code)
        for code in _codes(function)
    ):
        raise TypeError(
            "generator functions are not supported: "
            "return the result instead, for example as a list"
        )
    try:
        return list(signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def _is_async(function):
    # Also below decorators.
    return any(map(inspect.iscoroutinefunction, [*_codes(function), unwrap(function)]))


def _codes(function):
    """The function, and for a callable object its method."""
    return (
        [function]
        if inspect.isroutine(function) or inspect.isclass(function)
        else [function, function.__call__]
    )


def _positional(function, parameters, known, context):
    """The name of the parameter that takes the input, and a function of the input.

    Parameters with a default keep it: `def f(x, n=2)` is called with the input alone.
    """
    if parameters is None:
        return None, function
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    unfilled = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    rest = [p for p in parameters if p.kind is p.VAR_KEYWORD and not positional]
    if len(required) > 2 or unfilled or rest:
        names = ", ".join(map(str, [*required, *unfilled, *rest]))
        raise TypeError(
            "a function takes the input, or the input and a context, "
            f"but this one takes ({names}): call it by keywords, or have it take a single object"
        )
    name = positional[0].name if positional else None
    if len(required) == 2:
        if _is_value(known.get(required[1].name)):
            raise TypeError(
                f"the second parameter takes the context, but this one ({required[1]}) is "
                "annotated as a value: call the function by keywords, or have it take a single object"
            )
        return name, lambda value: function(value, context)
    if not positional and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None, lambda value: function()
    return name, function


def _is_value(hint):
    """Whether `hint` is a type of plain values, such as `int` or `list[str]`."""
    kind = typing.get_origin(hint) or hint
    return isinstance(kind, type) and kind is not object and kind.__module__ == "builtins"


def _by_keywords(function, parameters, context):
    """A function of an object that has the arguments by name."""
    if parameters is None:
        raise TypeError(
            "the function can't be called by keywords: Python does not know its parameters"
        )
    arguments = keywords(function, exclude={CONTEXT})
    more = {CONTEXT: context} if any(p.name == CONTEXT for p in parameters) else {}

    def call(value):
        try:
            given = arguments(value)
        except Mismatch as error:
            raise InputError(error.message, *error.steps) from error.__cause__
        return function(**given, **more)

    return call


def _in_loop(call, write):
    """`call` of a coroutine function, with the result converted by `write` if there is one."""
    written = None if write is None else _converting(lambda result: result, None, write)

    def in_loop(value):
        result = call(value)
        if inspect.isawaitable(result):
            return CoroutineCall(result, written)
        return result if written is None else written(result)

    return in_loop


def _converting(call, read, write):
    """`call` with its input converted by `read` and its result by `write`, if there are such."""
    if read is None and write is None:
        return call

    def converted(value):
        if read is not None:
            try:
                value = read(value)
            except Mismatch as error:
                raise InputError(error.message, *error.steps) from error.__cause__
        result = call(value)
        if write is None:
            return result
        try:
            return write(result)
        except Mismatch as error:
            raise ResultError(error.message, *error.steps) from error.__cause__

    return converted
