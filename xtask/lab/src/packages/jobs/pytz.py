from datetime import datetime

import pytz


def zones(given=["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Mars/Base"]):
    """Localises times beside the changes to and from summer time."""
    results = []
    for name in given:
        try:
            zone = pytz.timezone(name)
        except pytz.UnknownTimeZoneError as error:
            results.append(str(error))
            continue
        for month in (1, 7):
            results.append(zone.localize(datetime(2026, month, 1, 12)).strftime("%Z %z"))
        results.append(datetime(2026, 3, 29, 1, tzinfo=pytz.utc).astimezone(zone).isoformat())
    return results
