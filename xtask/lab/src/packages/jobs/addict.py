from addict import Dict


def attributes(given={"a": {"b": 1}}):
    """Makes nested dictionaries by attributes."""
    data = Dict(given)
    data.x.y.z = 1
    data.update({"a": {"c": 2}})
    return [data.to_dict(), data.a.b, bool(data.missing)]
