from box import Box, BoxError, BoxList


def attributes(given={"a b": {"c": [{"d": 1}]}, "1x": 2}):
    """Reads nested data by attributes and paths, and writes them."""
    box = Box(given, box_dots=True)
    frozen = Box(given, frozen_box=True)
    try:
        frozen.x = 1
        refused = None
    except BoxError as error:
        refused = str(error)
    return [box.a_b.c[0].d, box["a b.c[0].d"], box.to_json(), refused, BoxList([{"x": 1}])[0].x]
