import lazy_object_proxy


def proxies(given=[3, 1, 2]):
    """Makes an object when it is first used."""
    made = []
    proxy = lazy_object_proxy.Proxy(lambda: made.append(1) or sorted(given))
    before = len(made)
    return [before, list(proxy), len(proxy), len(made), isinstance(proxy, list)]
