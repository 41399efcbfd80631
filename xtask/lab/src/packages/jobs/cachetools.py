from cachetools import LFUCache, LRUCache, TTLCache, cached


def caches(given=[1, 2, 3, 1, 4, 1, 5]):
    """Keeps values in caches that forget by use and by time."""
    lru, lfu, now = LRUCache(2), LFUCache(2), [0]
    ttl = TTLCache(10, ttl=5, timer=lambda: now[0])
    misses = []

    @cached(cache=lru)
    def square(n):
        misses.append(n)
        return n * n

    for n in given:
        square(n)
        lfu[n] = lfu.get(n, 0) + 1
        ttl[n] = now[0]
        now[0] += 2
    return [misses, sorted(lru.values()), sorted(lfu), sorted(ttl)]
