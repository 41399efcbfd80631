from geographiclib.geodesic import Geodesic


def geodesics(given=[-41.32, 174.81, 40.96, -5.50]):
    """Measures distances and areas on an ellipsoid."""
    line = Geodesic.WGS84.Inverse(*given)
    area = Geodesic.WGS84.Polygon()
    for point in ([0, 0], [0, 10], [10, 10]):
        area.AddPoint(*point)
    return [
        round(line["s12"], 4),
        round(line["azi1"], 8),
        [round(number, 3) for number in area.Compute()],
    ]
