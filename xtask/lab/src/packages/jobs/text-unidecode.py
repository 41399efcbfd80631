from text_unidecode import unidecode


def ascii_only(given=["kožušček", "北亰", "Ελλάδα"]):
    """Writes all scripts in ASCII, by a table in its data."""
    return [unidecode(text) for text in given]
