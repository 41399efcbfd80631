from haversine import Unit, haversine, inverse_haversine


def distances(given=[[45.7597, 4.8422], [48.8567, 2.3508]]):
    """Measures distances on a sphere."""
    lyon, paris = map(tuple, given)
    return [
        round(haversine(lyon, paris, unit=unit), 6)
        for unit in (Unit.KILOMETERS, Unit.MILES, Unit.METERS)
    ] + [[round(n, 6) for n in inverse_haversine(lyon, 10, 1.0)]]
