from multipledispatch import dispatch


@dispatch(int, int)
def _add(a, b):
    return ["integers", a + b]


@dispatch(str, object)
def _add(a, b):
    return ["text", f"{a}{b}"]


def dispatched(given=[[1, 2], ["a", 1], [1.5, 2]]):
    """Selects functions by the types of all arguments."""
    results = []
    for pair in given:
        try:
            results.append(_add(*pair))
        except NotImplementedError as error:
            results.append(type(error).__name__)
    return results
