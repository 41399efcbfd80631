"""Asking the host."""

import asyncio

from componentize_py_types import Err
from wit_world.imports import typegate_wire

from .. import wire_json
from ..errors import hostcall_error


def hostcall(op, payload=None):
    """Runs the host's op `op` on `payload` and returns its answer.

    Raises `HostcallError` if the host answers with an error.
    """
    _check(op)
    try:
        answer = typegate_wire.hostcall(op, wire_json.encode(payload))
    except Err as error:
        raise hostcall_error.from_json(error.value) from None
    return wire_json.decode(answer)


async def hostcall_async(op, payload=None):
    """The same for coroutines. Hostcalls that are awaited together run concurrently."""
    _check(op)
    return await asyncio.get_running_loop().hostcalls.start(op, payload)


def _check(op):
    if not isinstance(op, str):
        raise TypeError(f"the op of a hostcall must be a string, not {type(op).__name__}")
    # A lone surrogate is an error here, and would be a crash in the bindings.
    op.encode()
