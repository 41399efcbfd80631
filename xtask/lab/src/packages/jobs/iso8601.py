import iso8601


def times(given=["2026-01-02T03:04:05.678Z", "20260102T0304+0530", "2026-1x-01", "2026"]):
    """Reads times, and says what is wrong."""
    results = []
    for text in given:
        try:
            results.append(iso8601.parse_date(text).isoformat())
        except iso8601.ParseError as error:
            results.append(str(error))
    return results
