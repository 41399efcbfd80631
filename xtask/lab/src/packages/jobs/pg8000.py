from pg8000.converters import date_in, identifier, int_array_in, literal


def values(given=["O'Hara", 1, None, [1, [2]], True]):
    """Writes and reads values as PostgreSQL does."""
    return [
        [literal(value) for value in given],
        identifier('a"b'),
        date_in("2026-01-02").isoformat(),
        int_array_in("{1,2,NULL}"),
    ]
