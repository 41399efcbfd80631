from toolz import compose, curry, groupby, partition_all, pipe, sliding_window
from toolz.dicttoolz import merge_with, update_in


def functional(given=["alice", "bob", "edith", "dan"]):
    """Groups, composes, curries and slides."""
    add = curry(lambda a, b: a + b)
    return [
        sorted(groupby(len, given).items())
        and [[k, v] for k, v in sorted(groupby(len, given).items())],
        pipe(3, add(2), str),
        list(partition_all(3, given)),
        [list(pair) for pair in sliding_window(2, given)],
        merge_with(sum, {"a": 1}, {"a": 2, "b": 3}),
        update_in({"a": {"b": 1}}, ["a", "b"], lambda n: n + 1),
        compose(len, str.upper)("abc"),
    ]
