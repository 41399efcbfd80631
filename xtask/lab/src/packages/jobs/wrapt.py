import wrapt


@wrapt.decorator
def _logged(wrapped, instance, args, kwargs):
    return [wrapped.__name__, instance is not None, wrapped(*args, **kwargs)]


class Service:
    @_logged
    def run(self, x):
        return x + 1

    @_logged
    @staticmethod
    def fixed(x):
        return x - 1


def decorated(given=1):
    """Decorates methods and proxies objects."""
    proxy = wrapt.ObjectProxy([given])
    proxy.append(2)
    return [
        Service().run(given),
        Service.fixed(given),
        len(proxy),
        isinstance(proxy, list),
        Service.run.__name__,
    ]
