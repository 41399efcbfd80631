from voluptuous import All, Coerce, Invalid, Length, Optional, Range, Required, Schema


def checked(given=[{"q": "ab", "n": "3"}, {"q": "", "n": 1}, {"n": "x", "z": 1}]):
    """Checks and converts documents."""
    schema = Schema(
        {
            Required("q"): All(str, Length(min=1)),
            Optional("n", default=5): All(Coerce(int), Range(max=10)),
        }
    )
    results = []
    for data in given:
        try:
            results.append(schema(data))
        except Invalid as error:
            results.append(sorted(map(str, error.errors)))
    return results
