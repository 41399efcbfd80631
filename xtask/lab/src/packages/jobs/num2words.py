from num2words import num2words


def words(given=[0, 42, 1234567]):
    """Says numbers in several languages."""
    return [[num2words(n, lang=code) for code in ("en", "de", "fr", "cs")] for n in given] + [
        num2words(21, to="ordinal"),
        num2words(12.5, to="currency", currency="EUR"),
        num2words(2026, to="year"),
    ]
