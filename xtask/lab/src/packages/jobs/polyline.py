import polyline


def encoded(given=[[38.5, -120.2], [40.7, -120.95], [43.252, -126.453]]):
    """Encodes lines on a map as text."""
    text = polyline.encode([tuple(point) for point in given])
    return [
        text,
        [list(point) for point in polyline.decode(text)],
        polyline.encode([tuple(given[0])], 6),
    ]
