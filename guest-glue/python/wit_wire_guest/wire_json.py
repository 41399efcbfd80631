"""JSON as the wire wants it: no NaN, no infinities, no lone surrogates."""

import json


def _reject(constant):
    raise ValueError(f"{constant} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_reject)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class NotJson(ValueError):
    """The text is not JSON, or not JSON that Python can hold."""


def decode(text):
    """The value that `text` stands for; `NotJson` if it is not JSON."""
    try:
        value = _decoder.decode(text)
        # Escapes are the only way a lone surrogate can come in.
        if "\\ud" in text or "\\uD" in text:
            _encoder.encode(value).encode()
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except UnicodeEncodeError:
        raise NotJson("a lone surrogate is not text") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


def encode(value):
    """`value` as JSON text; `TypeError` or `ValueError` if JSON can't hold it."""
    text = _encoder.encode(value)
    if not text.isascii():
        text.encode()
    return text
