import isodate


def durations(given=["P1Y2M3DT4H5M6S", "PT36H", "P2W", "nonsense"]):
    """Reads durations and times, and writes them."""
    results = []
    for text in given:
        try:
            results.append(isodate.duration_isoformat(isodate.parse_duration(text)))
        except isodate.ISO8601Error as error:
            results.append(type(error).__name__)
    return results + [
        isodate.parse_datetime("2026-W05-1T10:00:00Z").isoformat(),
        isodate.parse_date("2026-045").isoformat(),
    ]
