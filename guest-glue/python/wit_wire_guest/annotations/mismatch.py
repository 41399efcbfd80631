"""A value that does not fit its annotation: what was expected, what was found, and where."""

import json
import reprlib

# In characters: how much of a value a message shows, and of why each member of a union was refused.
LONGEST_VALUE = 60
LONGEST_REASON = 120


class Mismatch(ValueError):
    """A value that does not fit its annotation."""

    def __init__(self, message, *steps, expected=None):
        super().__init__(message)
        self.message = message
        # Keys and indexes from the innermost out: each level adds its own as the error passes
        # through it.
        self.steps = list(steps)
        # Set if the value is of another kind altogether.
        self.expected = expected

    def __str__(self):
        return f"{self.path}: {self.message}"

    @property
    def path(self):
        return "$" + "".join(map(_step, reversed(self.steps)))


def mismatch(expected, value):
    """The `Mismatch` of a `value` that is of another kind than `expected`."""
    kind = type(value)
    if kind is bool or value is None:
        shown = _CONSTANTS[value]
    else:
        try:
            shown = shortened(_repr.repr(value), LONGEST_VALUE)
        except Exception:
            shown = "that can't be shown"
        name = _JSON_NAMES.get(kind, kind.__name__)
        shown = shown if shown.startswith(name) else f"{name} {shown}"
    return Mismatch(f"expected {expected}, got {shown}", expected=expected)


def shortened(string, longest):
    return string if len(string) <= longest else string[: longest - 3] + "..."


def _step(key):
    if isinstance(key, str) and key.isidentifier():
        return "." + shortened(key, LONGEST_VALUE)
    shown = json.dumps(key if isinstance(key, (int, float)) else str(key), ensure_ascii=False)
    return f"[{shortened(shown, LONGEST_VALUE)}]"


_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = LONGEST_VALUE
_JSON_NAMES = {
    int: "the number",
    float: "the number",
    str: "the string",
    list: "the list",
    dict: "the object",
}
_CONSTANTS = {None: "null", True: "true", False: "false"}
