import svgwrite


def drawing(given=[[0, 0], [10, 20], [30, 5]]):
    """Draws shapes and text."""
    drawing = svgwrite.Drawing(size=("100px", "50px"))
    drawing.add(drawing.polyline(given, stroke="black", fill="none"))
    drawing.add(drawing.text("ž <&>", insert=(5, 5)))
    try:
        drawing.add(drawing.circle(r="wide"))
        refused = None
    except (TypeError, ValueError) as error:
        refused = type(error).__name__
    return [drawing.tostring(), refused]
