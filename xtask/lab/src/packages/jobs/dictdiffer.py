import dictdiffer


def differences(given=[{"a": {"b": 1}, "l": [1, 2]}, {"a": {"b": 2}, "l": [1], "n": 0}]):
    """Finds how dictionaries differ, and goes forth and back."""
    first, second = given
    found = list(dictdiffer.diff(first, second))
    return [
        sorted(map(str, found)),
        dictdiffer.patch(found, first) == second,
        dictdiffer.revert(found, second) == first,
    ]
