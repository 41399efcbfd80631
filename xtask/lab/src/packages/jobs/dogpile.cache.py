from dogpile.cache import make_region


def cached(given=[1, 2, 1]):
    """Caches what functions return."""
    region, calls = make_region().configure("dogpile.cache.memory", expiration_time=60), []

    @region.cache_on_arguments()
    def square(n):
        calls.append(n)
        return n * n

    results = [square(n) for n in given]
    square.invalidate(1)
    square(1)
    return [results, calls, region.get_or_create("k", lambda: "made")]
