import pyfiglet


def banner(given="Hi"):
    """Writes large letters, by the fonts in its data."""
    return [
        pyfiglet.figlet_format(given),
        pyfiglet.figlet_format(given, font="slant"),
        "banner" in pyfiglet.FigletFont.getFonts(),
    ]
