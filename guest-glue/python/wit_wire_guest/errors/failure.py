"""An exception as JSON, in the user's terms.

`{type, message, notes, frames, omitted, cause, context, exceptions, traceback}`, of which what is
empty is left out. Causes, contexts and members of groups have the same form, without `traceback`.
"""

import json
import re
import traceback

from .. import wire_json
from ..annotations.mismatch import Mismatch
from . import frames
from .hostcall_error import HostcallError

# In characters: longer strings are cut in the middle. Deep recursion with changing lines would
# otherwise make a traceback of megabytes.
LONGEST = 64 * 1024

# How many of an exception's frames are shown (the first and the last), of the exceptions behind it,
# and of those side by side.
MOST_FRAMES = 50
LEVELS = 8
MOST_PARTS = 16

_LONG_NUMBER = re.compile("[0-9]{300}")

# Saved from user code, which may replace them.
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_qualname = type.__dict__["__qualname__"].__get__


def failure(error, **more):
    """`error` and what else is known of it, as JSON. Never raises."""
    try:
        return _to_json(more | describe(error))
    except BaseException:
        name = _clean(_name_of(type(error)))
        return _to_json(
            more
            | {"type": name, "message": "", "traceback": f"{name}: <traceback not available>\n"}
        )


def result_failure(error):
    """The same for an error in encoding a function's result."""
    try:
        BaseException.add_note(error, "while encoding the result as JSON")
    except BaseException:
        # The user's own exception may have odd notes.
        pass
    return failure(error)


def describe(error):
    """`error` with its traceback as Python prints it, less the glue's frames."""
    # Source lines are looked up for the frames that are shown: of a thousand frames, most are not.
    summary = traceback.TracebackException.from_exception(error, compact=True, lookup_lines=False)
    seen, waiting = set(), [summary]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack[:] = frames.users(part.stack)
        waiting += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return (
        _exception(summary, LEVELS)
        | {"type": _clean(_name_of(type(error))), "message": _clean(_message(error))}
        | _more(error)
        | {"traceback": _clean("".join(summary.format()))}
    )


def _exception(part, levels):
    """One exception of a summary, and `levels` of those behind it."""
    shown = list(part.stack)
    omitted = max(0, len(shown) - MOST_FRAMES)
    if omitted:
        half = MOST_FRAMES // 2
        shown[half:-half] = []
    described = [_frame(frame.filename, frame.lineno, frame.name, frame.line) for frame in shown]
    if getattr(part, "lineno", None) is not None:
        # Where a syntax error is.
        described.append(_frame(part.filename, part.lineno, None, part.text))
    found = {
        "type": _clean(_name_of(getattr(part, "_exc_type", None) or part.exc_type)),
        "message": _clean(part._str),
        "notes": [_clean(_message(note)) for note in _notes(part)[:MOST_PARTS]],
        "frames": described,
        "omitted": omitted,
    }
    if levels:
        found["cause"] = part.__cause__ and _exception(part.__cause__, levels - 1)
        hidden = part.__suppress_context__ or part.__context__ is None
        found["context"] = None if hidden else _exception(part.__context__, levels - 1)
        inner = getattr(part, "exceptions", None) or ()
        found["exceptions"] = [_exception(one, levels - 1) for one in inner[:MOST_PARTS]]
    return {name: value for name, value in found.items() if value or name in ("type", "message")}


def _frame(file, line, function, text):
    # A syntax error may be the user's own, with anything in it.
    found = {"file": file, "function": function, "text": text and str(text).strip()}
    found = {name: _clean(value) for name, value in found.items() if value is not None}
    return found | {"line": int(line)} if str(line).isdecimal() and int(line) < 2**32 else found


def _notes(part):
    return part.__notes__ if isinstance(getattr(part, "__notes__", None), list) else []


def _more(error):
    """What only the glue's own errors have."""
    if isinstance(error, Mismatch):
        return {"path": _clean(error.path)}
    if isinstance(error, HostcallError):
        try:
            cause = wire_json.encode(error.cause)
            described = {"code": _clean(error.code), "message": _clean(error.message)}
            # Other readers of JSON have less room for depth and digits.
            if not wire_json.is_deeper(cause, 63) and not _LONG_NUMBER.search(cause):
                described["cause"] = json.loads(cause)
            return {"hostcall": described}
        except BaseException:
            # Users may have put anything in there.
            return {}
    return {}


def _name_of(kind):
    # A string may be of a class of the user's own.
    return "".join(_qualname(kind))


def _message(error):
    try:
        return str(error)
    except BaseException:
        return "<message not available>"


def _clean(string):
    string = str(string)
    if len(string) > LONGEST:
        half = LONGEST // 2
        string = f"{string[:half]}\n[... {len(string) - LONGEST} characters ...]\n{string[-half:]}"
    return string.encode("utf-8", "backslashreplace").decode()
