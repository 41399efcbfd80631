from sortedcontainers import SortedDict, SortedKeyList, SortedSet


def sorted_always(given=[5, 1, 4, 1, 3]):
    """Keeps lists, sets and dictionaries in order."""
    by_negative, numbers = SortedKeyList(given, key=lambda n: -n), SortedSet(given)
    numbers.add(2)
    pairs = SortedDict(zip("edcba", given))
    return [
        list(by_negative),
        by_negative.bisect_key_left(-3),
        list(numbers),
        list(numbers.irange(2, 4)),
        list(pairs.items()),
        pairs.peekitem(0),
    ]
