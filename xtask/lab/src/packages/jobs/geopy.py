from geopy import Point
from geopy.distance import geodesic, great_circle


def distances(given=["50 5 0 N 14 25 0 E", "41.49008, -71.312796"]):
    """Reads coordinates and measures distances."""
    a, b = map(Point, given)
    return [
        round(geodesic(a, b).km, 5),
        round(great_circle(a, b).miles, 5),
        a.format(),
        [round(n, 6) for n in geodesic(kilometers=10).destination(a, 90)[:2]],
    ]
