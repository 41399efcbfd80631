from dotmap import DotMap


def attributes(given={"a": {"b": [{"c": 1}]}}):
    """Makes nested dictionaries by attributes."""
    data = DotMap(given)
    data.x.y = 2
    return [data.a.b[0].c, data.toDict(), bool(data.none)]
