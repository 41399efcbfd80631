import munch


def attributes(given={"a": {"b": [1, {"c": 2}]}}):
    """Reads dictionaries by attributes."""
    data = munch.munchify(given)
    data.a.d = 3
    default = munch.DefaultMunch.fromDict(given, "none")
    return [data.a.b[1].c, munch.unmunchify(data), default.x, data.toJSON()]
