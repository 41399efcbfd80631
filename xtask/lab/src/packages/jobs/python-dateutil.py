from datetime import datetime

from dateutil import parser, relativedelta, rrule, tz


def parsed(
    given=["Jan 31 2026 7:30 PM", "2026-02-03T04:05:06+02:00", "3rd of May 2001", "10/11/12"]
):
    """Reads dates as people write them."""
    return [parser.parse(text, default=datetime(2026, 1, 1)).isoformat() for text in given]


def recurring(given="DTSTART:20260101T090000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=5"):
    """Lists the days of a recurrence rule."""
    return [day.isoformat() for day in rrule.rrulestr(given)]


def deltas(given=["2026-01-31", "2024-02-29"]):
    """Adds months and years, and finds when Easter and a zone's summer begin."""
    from dateutil.easter import easter

    days = [datetime.fromisoformat(text) for text in given]
    delta = relativedelta.relativedelta(years=1, months=+1, weekday=relativedelta.MO)
    berlin = tz.gettz("Europe/Berlin")
    return [
        [(day + delta).isoformat() for day in days],
        easter(2026).isoformat(),
        datetime(2026, 7, 1, tzinfo=tz.tzoffset("X", 3600)).isoformat(),
        berlin is not None,
    ]
