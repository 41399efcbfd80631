"""JSON as the wire has it: no NaN, no infinities, no lone surrogates."""

import json
import math

from _wit_wire import DEEP, HUGE_NUMBERS, SURROGATES, json_oddities


def _reject(constant):
    raise ValueError(f"{constant} is not valid JSON")


def _finite(text):
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is too large for a float")
    return number


_decode = json.JSONDecoder(parse_constant=_reject).decode
_decode_carefully = json.JSONDecoder(parse_constant=_reject, parse_float=_finite).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

# Levels of nesting. The decoder recurses in C, which CPython does not count on this platform: some
# 5,000 levels more would overflow the stack, and the instance would be lost.
DEEPEST = 2_000


class NotJson(ValueError):
    """The text is not JSON, or not JSON that Python can represent."""


def decode(text):
    """The value that `text` stands for; `NotJson` if it is not JSON."""
    oddities = json_oddities(text, DEEPEST)
    if oddities & DEEP:
        raise NotJson(f"nested more than {DEEPEST} levels deep")
    try:
        value = _decode_carefully(text) if oddities & HUGE_NUMBERS else _decode(text)
        if oddities & SURROGATES:
            _encode(value).encode()
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except UnicodeEncodeError:
        raise NotJson("lone surrogates are not allowed in strings") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


def is_deeper(text, levels):
    """Whether the JSON `text` is nested more than `levels` deep."""
    return bool(json_oddities(text, levels) & DEEP)


def encode(value):
    """`value` as JSON; `TypeError` or `ValueError` if it has no JSON form."""
    text = _encode(value)
    if not text.isascii():
        text.encode()
    return text
