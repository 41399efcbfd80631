"""`time.strftime` with the conversions of glibc, of which the guest's libc gives an empty text."""

import re
import time

_strftime, _localtime = time.strftime, time.localtime

# Flags, width, modifier, conversion. The last is missing at the end of the format.
_CONVERSION = re.compile(r"%([_\-0^#+]*)(\d*)([EO]?)(.?)", re.DOTALL)

_NUMBERS = dict.fromkeys("CdegGHIjmMsSuUVwWyYkl", 2) | {
    "j": 3,
    "s": 1,
    "u": 1,
    "w": 1,
    "G": 1,
    "Y": 1,
}
_TEXTS = "aAbBcDFhnprRtTxXzZP%"

# Those whose width libc knows.
_WIDE = "CFGY"

# What stands for a conversion that libc does not have, and the flag that pads it.
_OURS = {"k": ("H", "_"), "l": ("I", "_"), "P": ("p", "")}


def strftime(format, /, *t):
    if len(t) > 1 or type(format) is not str or "%" not in format:
        return _strftime(format, *t)
    moment = t or None

    def conversion(match):
        nonlocal moment
        flags, width, modifier, letter = match.groups()
        is_number = letter in _NUMBERS
        if not letter or not (is_number or letter in _TEXTS):
            # It stays as it is.
            return match[0].replace("%", "%%")
        changes = "^" in flags or "#" in flags
        if not changes and letter not in _OURS and (not width or letter in _WIDE):
            return match[0]
        if moment is None:
            moment = (_localtime(),)
        base, pad = _OURS.get(letter, (letter, "_" if letter == "e" else "0" if is_number else " "))
        text = _strftime(f"%{'-' if is_number else ''}{modifier}{base}", *moment)
        if letter == "P" or ("#" in flags and letter in "pZ"):
            text = text.lower()
        elif "^" in flags or ("#" in flags and letter in "aAbBh"):
            text = text.upper()
        for flag in flags:
            pad = {"_": "_", "-": "", "0": "0", "+": "0"}.get(flag, pad)
        if pad or width:
            text = text.rjust(int(width or _NUMBERS.get(letter, 0)), "0" if pad == "0" else " ")
        return text.replace("%", "%%")

    expanded = _CONVERSION.sub(conversion, format)
    return _strftime(expanded, *(moment or ()))


def install():
    time.strftime = strftime
