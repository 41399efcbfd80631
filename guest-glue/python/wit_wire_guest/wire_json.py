"""JSON as the wire wants it: no NaN, no infinities, no lone surrogates."""

import itertools
import json
import math
import re


def _reject(constant):
    raise ValueError(f"{constant} is not JSON")


def _finite(text):
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is beyond what a float holds")
    return number


_decode = json.JSONDecoder(parse_constant=_reject).decode
_decode_carefully = json.JSONDecoder(parse_constant=_reject, parse_float=_finite).decode
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

# What a number must have to become an infinity. Most texts have neither, and are spared a function call per number.
# With a set of characters to begin with: the engine looks for those seven times as fast.
_HUGE = re.compile(r"[0-9](?:[eE]\+?[0-9][0-9]|[0-9]{299})")


# Levels of nesting. The decoder's recursion is C's, which CPython does not count on this platform: some 5,000 levels
# more and the stack would be exhausted, and the instance lost.
DEEPEST = 2_000

# Possessive, so that nothing is kept for going back; with or without its end, so that none is looked for twice.
_TEXTS = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^][{}]+")
_LEAVES = re.compile(r"\[\]|\{\}")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class NotJson(ValueError):
    """The text is not JSON, or not JSON that Python can hold."""


def decode(text):
    """The value that `text` stands for; `NotJson` if it is not JSON."""
    if text.count("[") + text.count("{") > DEEPEST and depth(text) > DEEPEST:
        raise NotJson(f"nested more than {DEEPEST} levels deep")
    try:
        value = _decode_carefully(text) if _HUGE.search(text) else _decode(text)
        # Escapes are the only way a lone surrogate can come in.
        if "\\ud" in text or "\\uD" in text:
            _encode(value).encode()
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except UnicodeEncodeError:
        raise NotJson("a lone surrogate is not text") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


def depth(text):
    brackets = _NO_BRACKETS.sub("", _TEXTS.sub("", text))
    # Most values are no deeper, and nothing is left of them.
    leaves = 4
    for _ in range(leaves):
        brackets = _LEAVES.sub("", brackets)
    return leaves + max(itertools.accumulate(map(_STEP.__getitem__, brackets)), default=0)


def encode(value):
    """`value` as JSON text; `TypeError` or `ValueError` if JSON can't hold it."""
    text = _encode(value)
    if not text.isascii():
        text.encode()
    return text
