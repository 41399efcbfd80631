from colour import Color


def shades(given=["red", "#0f0"]):
    """Makes a range of colours."""
    first, last = map(Color, given)
    return [
        [shade.hex for shade in first.range_to(last, 5)],
        [round(part, 6) for part in Color("orange").hsl],
        Color(rgb=(1, 0.5, 0)).web,
    ]
