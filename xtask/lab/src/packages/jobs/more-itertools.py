import more_itertools as more


def iterated(given=[1, 2, 3, 5, 6, 9]):
    """Splits, groups and peeks into iterators."""
    peekable = more.peekable(given)
    return [
        [list(group) for group in more.consecutive_groups(given)],
        list(more.chunked(given, 4)),
        peekable.peek(),
        [list(part) for part in more.divide(2, given)],
        list(more.interleave_longest([1, 2], "ab", [3])),
        more.nth_permutation("abcd", 3, 10),
        list(more.set_partitions([1, 2, 3], 2)),
        more.ilen(more.factor(360)),
    ]
