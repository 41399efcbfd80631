"""JSON as the wire has it: no NaN, no infinities, no lone surrogates."""

import itertools
import json
import math
import re


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

# A number that becomes an infinity matches. Most texts do not, and are spared a function call per
# number. It begins with a set of characters, which the engine looks for seven times as fast.
_HUGE = re.compile(r"[0-9](?:[eE]\+?[0-9][0-9]|[0-9]{299})")


# Levels of nesting. The decoder recurses in C, which CPython does not count on this platform: some
# 5,000 levels more would overflow the stack, and the instance would be lost.
DEEPEST = 2_000

# Possessive, so that nothing is stored for backtracking; with or without its end, so that none is
# scanned twice.
_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^][{}]+")
_LEAVES = re.compile(r"\[\]|\{\}")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class NotJson(ValueError):
    """The text is not JSON, or not JSON that Python can represent."""


def decode(text):
    """The value that `text` stands for; `NotJson` if it is not JSON."""
    if text.count("[") + text.count("{") > DEEPEST and depth(text) > DEEPEST:
        raise NotJson(f"nested more than {DEEPEST} levels deep")
    try:
        value = _decode_carefully(text) if _HUGE.search(text) else _decode(text)
        # A lone surrogate can only come from an escape.
        if "\\ud" in text or "\\uD" in text:
            _encode(value).encode()
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except UnicodeEncodeError:
        raise NotJson("lone surrogates are not allowed in strings") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


def depth(text):
    """How many levels deep the JSON `text` is nested, or 4 if that is less."""
    brackets = _NO_BRACKETS.sub("", _STRINGS.sub("", text))
    # Most values are not deeper, and nothing is left of them.
    leaves = 4
    for _ in range(leaves):
        brackets = _LEAVES.sub("", brackets)
    return leaves + max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0)


def encode(value):
    """`value` as JSON; `TypeError` or `ValueError` if it has no JSON form."""
    text = _encode(value)
    if not text.isascii():
        text.encode()
    return text
