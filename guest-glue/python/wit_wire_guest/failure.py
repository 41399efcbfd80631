"""Exceptions as data: `{type, message, traceback}`, in the user's terms."""

import json
import os.path
import traceback

# A text of more characters is cut in its middle. Deep recursion with changing
# lines would otherwise make a traceback of megabytes.
LONGEST = 64 * 1024

_GLUE = os.path.dirname(__file__)
_ENCODER = os.path.dirname(json.__file__)

# Kept from user code, which may put anything in their place.
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_name_of = type.__dict__["__qualname__"].__get__


def failure(error, **more):
    """`error` and what else is known of it, as JSON. Never raises."""
    try:
        return _to_json(more | describe(error))
    except BaseException:
        name = _clean(_name_of(type(error)))
        return _to_json(more | {"type": name, "message": "", "traceback": f"{name}: <can't be shown>\n"})


def result_failure(error):
    """The same for an error in encoding a function's result."""
    try:
        BaseException.add_note(error, "while encoding the function's result as JSON")
    except BaseException:
        # The user's own exception may have odd notes.
        pass
    return failure(error)


def describe(error):
    """`error` with its traceback as Python prints it, less the glue's frames."""
    summary = traceback.TracebackException.from_exception(error, compact=True)
    seen, waiting = set(), [summary]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack[:] = _users(part.stack)
        waiting += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return {
        "type": _clean(_name_of(type(error))),
        "message": _clean(_text(error)),
        "traceback": _clean("".join(summary.format())),
    }


def _users(stack):
    """The frames that are the user's. The encoder's are, where the user called it."""
    frames = [frame for frame in stack if not frame.filename.startswith((_GLUE, "<host>/", "<frozen importlib"))]
    while frames and frames[0].filename.startswith(_ENCODER):
        frames.pop(0)
    return frames


def _text(error):
    try:
        return str(error)
    except BaseException:
        return "<the exception's own text can't be had>"


def _clean(text):
    if len(text) > LONGEST:
        half = LONGEST // 2
        text = f"{text[:half]}\n[... {len(text) - LONGEST} characters ...]\n{text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode()
