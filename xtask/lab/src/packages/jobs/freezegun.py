import datetime
import time

from freezegun import freeze_time


def frozen(given="2026-01-02 03:04:05"):
    """Stops the clock, and moves it."""
    with freeze_time(given) as clock:
        first = datetime.datetime.now().isoformat()
        clock.tick(datetime.timedelta(hours=1))
        return [
            first,
            time.time(),
            datetime.date.today().isoformat(),
            time.strftime("%H:%M", time.gmtime()),
        ]
