from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter


def limited(given="2 per hour"):
    """Counts who may go on."""
    limit = parse(given)
    results = []
    for kind in (FixedWindowRateLimiter, MovingWindowRateLimiter):
        limiter = kind(MemoryStorage())
        results.append(
            [
                [limiter.hit(limit, "ada") for _ in range(3)],
                limiter.test(limit, "bob"),
                limiter.get_window_stats(limit, "ada")[1],
            ]
        )
    return [results, str(limit)]
