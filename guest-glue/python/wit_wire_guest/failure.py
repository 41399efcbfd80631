"""Exceptions as data: `{type, message, traceback}`, in the user's terms."""

import os.path
import traceback

# A traceback of this many characters is cut in its middle. Deep recursion with
# changing lines would otherwise make a message of megabytes.
LONGEST = 64 * 1024

_GLUE = os.path.dirname(__file__)


def describe(error):
    """`error` with its traceback as Python prints it, less the glue's frames."""
    summary = traceback.TracebackException.from_exception(error, compact=True)
    _strip(summary, set())
    return {
        "type": type(error).__qualname__,
        "message": _clean(_text(error)),
        "traceback": _clean("".join(summary.format())),
    }


def _text(error):
    try:
        return str(error)
    except BaseException:
        return "<the exception's own text can't be had>"


def _strip(summary, seen):
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    summary.stack[:] = [frame for frame in summary.stack if not _hidden(frame.filename)]
    _strip(summary.__cause__, seen)
    _strip(summary.__context__, seen)
    for member in getattr(summary, "exceptions", None) or ():
        _strip(member, seen)


def _hidden(filename):
    return filename.startswith((_GLUE, "<frozen importlib"))


def _clean(text):
    if len(text) > LONGEST:
        half = LONGEST // 2
        text = f"{text[:half]}\n[... {len(text) - LONGEST} characters ...]\n{text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode()
