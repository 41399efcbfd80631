"""Types that JSON represents in another form, such as dates."""

import datetime
import decimal
import typing
import uuid
from collections import abc


class Form(typing.NamedTuple):
    """How JSON represents a type."""

    cls: type
    expected: str
    # The types of the JSON values.
    kinds: tuple
    parse: abc.Callable
    format: abc.Callable
    schema: dict


def _decimal(value):
    number = decimal.Decimal(str(value))
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def _iso(cls, expected, format):
    return Form(
        cls,
        expected,
        (str,),
        cls.fromisoformat,
        cls.isoformat,
        {"type": "string", "format": format},
    )


FORMS = {
    form.cls: form
    for form in (
        Form(float, "a number", (float, int), float, float, {"type": "number"}),
        _iso(datetime.datetime, "a date and time such as '2024-12-31T23:59:00Z'", "date-time"),
        _iso(datetime.date, "a date such as '2024-12-31'", "date"),
        _iso(datetime.time, "a time such as '23:59:00'", "time"),
        Form(
            datetime.timedelta,
            "a number of seconds",
            (float, int),
            lambda seconds: datetime.timedelta(seconds=seconds),
            datetime.timedelta.total_seconds,
            {"type": "number", "description": "seconds"},
        ),
        Form(uuid.UUID, "a UUID", (str,), uuid.UUID, str, {"type": "string", "format": "uuid"}),
        Form(
            decimal.Decimal,
            "a decimal number",
            (str, int, float),
            _decimal,
            str,
            {"type": ["string", "number"]},
        ),
    )
}


def path_form(cls):
    """The form of a class of `pathlib`."""
    return Form(cls, "a string", (str,), cls, str, {"type": "string"})
