from unidecode import unidecode


def ascii_only(given=["kožušček", "北亰", "Ελλάδα", "🎉 1½"]):
    """Writes all scripts in ASCII."""
    return [unidecode(text, errors="replace", replace_str="?") for text in given]
