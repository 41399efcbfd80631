"""Exceptions as data, for the host.

Knows exceptions and tracebacks. Does not know how functions are called, nor where modules come
from.

- `hostcall_error`: the exception that a hostcall raises
- `frames`: which frames of a traceback are the user's
- `failure`: an exception as JSON
"""
