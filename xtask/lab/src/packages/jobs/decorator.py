import inspect

from decorator import contextmanager, decorator


@decorator
def _doubled(function, factor=2, *args, **kwargs):
    return function(*args, **kwargs) * factor


@_doubled(factor=3)
def _add(a, b=1):
    return a + b


def decorated(given=4):
    """Decorates functions and keeps their signatures."""

    @contextmanager
    def around(log):
        log.append("in")
        yield
        log.append("out")

    log = []
    with around(log):
        log.append("body")
    return [_add(given), str(inspect.signature(_add)), log]
