import arrow


def times(given=["2026-01-31T10:00:00+01:00", "2026-03-29T00:30:00+00:00"]):
    """Shifts, rounds, humanises and converts times."""
    results = []
    for text in given:
        time = arrow.get(text)
        results.append(
            [
                time.shift(months=1).isoformat(),
                time.to("America/New_York").format("YYYY-MM-DD HH:mm ZZ"),
                time.floor("week").isoformat(),
                time.humanize(time.shift(hours=5)),
                time.humanize(time.shift(days=-2), locale="cs"),
            ]
        )
    return [
        results,
        arrow.get("3 May 2026", "D MMMM YYYY").isoformat(),
        [
            str(day.date())
            for day in arrow.Arrow.range("day", arrow.get("2026-02-27"), arrow.get("2026-03-01"))
        ],
    ]
