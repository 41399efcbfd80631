"""What a function may ask of its host."""

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
    if not isinstance(op, str):
        raise TypeError(f"a hostcall's op is text, not {type(op).__name__}")
    # A lone surrogate is an error here, and would be a crash in the bindings.
    op.encode()
    try:
        answer = typegate_wire.hostcall(op, wire_json.encode(payload))
    except Err as error:
        raise _error(error.value) from None
    return wire_json.decode(answer)


class Context:
    """The second argument of a function that asks for one."""

    HostcallError = HostcallError

    def hostcall(self, op, payload=None):
        """Runs the host's op `op` on `payload` and returns its answer.

        Raises `HostcallError` if the host answers with an error.
        """
        return hostcall(op, payload)

    def gql(self, query, variables=None):
        """Runs a GraphQL query through the host's op `gql`: the whole body."""
        return self.hostcall("gql", {"query": query, "variables": variables or {}})

    __call__ = gql


def _error(text):
    try:
        error = wire_json.decode(text)
        return HostcallError(error["code"], error["message"], error.get("cause"))
    except (wire_json.NotJson, KeyError, TypeError, AttributeError):
        return HostcallError("unknown", text)
