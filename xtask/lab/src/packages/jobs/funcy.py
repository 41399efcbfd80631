import funcy


def functional(given=[1, 2, 3, 4, 5, 6]):
    """Splits, retries, memoises and reads nested data."""
    calls = []

    @funcy.retry(3, ValueError)
    def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError
        return "ok"

    return [
        flaky(),
        funcy.lchunks(4, given),
        funcy.lsplit(lambda n: n % 2, given),
        funcy.get_in({"a": {"b": 1}}, ["a", "b"]),
        funcy.project({"a": 1, "b": 2}, ["a"]),
        list(funcy.pairwise("abc")),
    ]
