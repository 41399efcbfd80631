import io

import segno


def codes(given=["Ada", "12345", "https://example.org/" + "x" * 200]):
    """Draws codes as SVG, PNG and text, and splits long ones."""
    results = []
    for text in given:
        code, svg, png = segno.make(text), io.BytesIO(), io.BytesIO()
        code.save(svg, kind="svg")
        code.save(png, kind="png", scale=2)
        results.append(
            [code.designator, code.is_micro, svg.getvalue().decode(), png.getvalue()[:4].hex()]
        )
    return [results, len(segno.make_sequence(given[2], symbol_count=3))]
