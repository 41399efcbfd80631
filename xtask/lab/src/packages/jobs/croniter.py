from datetime import datetime

from croniter import CroniterBadCronError, croniter


def schedules(given=["*/15 9-17 * * mon-fri", "0 0 29 2 *", "0 12 * * fri#2", "61 * * * *"]):
    """Finds when schedules of cron are due."""
    results = []
    for text in given:
        try:
            due = croniter(text, datetime(2026, 1, 30, 17, 40))
            results.append([due.get_next(datetime).isoformat() for _ in range(3)])
        except CroniterBadCronError as error:
            results.append(str(error))
    return results
