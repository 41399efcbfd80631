"""JSON as the wire wants it: no NaN, no infinities, no lone surrogates."""

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
_HUGE = re.compile(r"\d[eE]\+?\d\d|\d{300}")


class NotJson(ValueError):
    """The text is not JSON, or not JSON that Python can hold."""


def decode(text):
    """The value that `text` stands for; `NotJson` if it is not JSON."""
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


def encode(value):
    """`value` as JSON text; `TypeError` or `ValueError` if JSON can't hold it."""
    text = _encode(value)
    if not text.isascii():
        text.encode()
    return text
