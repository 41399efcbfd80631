import holidays


def days(given=["CZ", "US", "JP"]):
    """Lists holidays of countries."""
    return [
        sorted(
            [day.isoformat(), name]
            for day, name in holidays.country_holidays(code, years=2026, language="en_US").items()
        )
        for code in given
    ]
