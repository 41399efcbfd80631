"""What the host offers."""

from typing import Any


class HostcallError(Exception):
    """The host answered a hostcall with an error."""

    code: str
    message: str
    cause: Any
    def __init__(self, code: str, message: str, cause: Any = None) -> None: ...
