import pygeohash


def hashes(given=[[42.6, -5.6], [0, 0]]):
    """Hashes places."""
    return [
        [
            pygeohash.encode(*place, precision=7),
            list(pygeohash.decode_exactly(pygeohash.encode(*place))),
        ]
        for place in given
    ]
