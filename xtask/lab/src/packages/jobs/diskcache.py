import tempfile

from diskcache import Cache, Deque


def cached(given={"a": [1, 2], "b": "x" * 50000}):
    """Keeps values in files and SQLite, with tags and counters."""
    with tempfile.TemporaryDirectory() as folder, Cache(folder) as cache:
        for key, value in given.items():
            cache.set(key, value, tag="t")
        cache.incr("n", default=5)
        results = [
            cache["a"],
            len(cache["b"]),
            cache["n"],
            sorted(cache),
            cache.evict("t"),
            len(cache),
        ]
    with tempfile.TemporaryDirectory() as folder:
        deque = Deque([1, 2, 3], directory=folder)
        deque.rotate(1)
        return [results, list(deque)]
