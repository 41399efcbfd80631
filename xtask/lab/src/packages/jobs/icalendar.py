from datetime import datetime, timezone

from icalendar import Calendar, Event


def calendar(
    given="Meeting; žluť, and a summary that is so long that it has to be folded into two lines",
):
    """Writes a calendar and reads it."""
    made, event = Calendar(), Event()
    made.add("prodid", "-//x//")
    made.add("version", "2.0")
    event.add("summary", given)
    event.add("dtstart", datetime(2026, 1, 2, 3, tzinfo=timezone.utc))
    event.add("rrule", {"freq": "daily", "count": 2})
    event.add("uid", "1")
    made.add_component(event)
    text = made.to_ical().decode()
    back = Calendar.from_ical(text).walk("VEVENT")[0]
    return [
        text,
        str(back["summary"]),
        back["dtstart"].dt.isoformat(),
        back["rrule"].to_ical().decode(),
    ]
