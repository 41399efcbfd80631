import black


def formatted(
    given=[
        "def f(a,b = 1):\n  return {'a':a,\n 'b':b}",
        "x = [1,2,\n3,]\n\n\n\n\ny=not(a)",
        "def (",
    ]
):
    """Formats Python, and says what it can't parse."""
    results = []
    for text in given:
        try:
            results.append(black.format_str(text, mode=black.Mode(line_length=40)))
        except black.InvalidInput as error:
            results.append(str(error))
    return results
