import pyphen


def hyphens(given=["lettergrepen", "Donaudampfschifffahrt", "hyphenation"]):
    """Hyphenates words by its dictionaries."""
    return [
        [pyphen.Pyphen(lang=code).inserted(word) for code in ("nl_NL", "de_DE", "en_US")]
        for word in given
    ]
