import webcolors


def colours(given=["#ff0000", "#daa520", "#0099cc"]):
    """Names colours."""
    results = []
    for text in given:
        try:
            results.append([webcolors.hex_to_name(text), list(webcolors.hex_to_rgb(text))])
        except ValueError as error:
            results.append(str(error))
    return results
