"""The exception that a hostcall raises."""

from .. import wire_json


class HostcallError(Exception):
    """The host answered a hostcall with an error."""

    # As users name it.
    __module__ = "ctx"

    def __init__(self, code, message, cause=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.cause = cause


def from_json(text):
    """The host's error as an exception."""
    try:
        error = wire_json.decode(text)
        return HostcallError(error["code"], error["message"], error.get("cause"))
    except (wire_json.NotJson, KeyError, TypeError, AttributeError):
        return HostcallError("unknown", text)
