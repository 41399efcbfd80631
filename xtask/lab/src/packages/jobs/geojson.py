import geojson


def features(given=[[0, 0], [0, 1], [1, 1], [0, 0]]):
    """Makes, checks and prints features."""
    polygon = geojson.Polygon([given])
    collection = geojson.FeatureCollection([geojson.Feature(geometry=polygon, properties={"n": 1})])
    text = geojson.dumps(collection, sort_keys=True)
    return [
        text,
        geojson.loads(text).is_valid,
        geojson.Point([1]).errors(),
        [list(point) for point in geojson.utils.coords(polygon)],
    ]
