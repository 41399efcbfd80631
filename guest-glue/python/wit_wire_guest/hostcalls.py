"""Asking the host."""

import asyncio

from componentize_py_types import Err
from wit_world.imports import typegate_wire

from . import wire_json


class HostcallError(Exception):
    """The host answered a hostcall with an error."""

    # As users name it.
    __module__ = "ctx"

    def __init__(self, code, message, cause=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.cause = cause


def hostcall(op, payload=None):
    """Runs the host's op `op` on `payload` and returns its answer."""
    _check(op)
    try:
        answer = typegate_wire.hostcall(op, wire_json.encode(payload))
    except Err as error:
        raise error_of(error.value) from None
    return wire_json.decode(answer)


async def hostcall_async(op, payload=None):
    """The same for coroutines. Those that are awaited together run side by side."""
    _check(op)
    return await asyncio.get_running_loop().hostcalls.start(op, payload)


def _check(op):
    if not isinstance(op, str):
        raise TypeError(f"a hostcall's op is text, not {type(op).__name__}")
    # A lone surrogate is an error here, and would be a crash in the bindings.
    op.encode()


def error_of(text):
    """What the host said, as an exception."""
    try:
        error = wire_json.decode(text)
        return HostcallError(error["code"], error["message"], error.get("cause"))
    except (wire_json.NotJson, KeyError, TypeError, AttributeError):
        return HostcallError("unknown", text)
