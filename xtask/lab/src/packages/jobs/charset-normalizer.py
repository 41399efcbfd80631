from charset_normalizer import from_bytes


def guessed(
    given=[
        "Příliš žluťoučký kůň úpěl ďábelské ódy. " * 5,
        "Съешь ещё этих мягких французских булок. " * 5,
    ]
):
    """Guesses encodings."""
    return [
        [
            from_bytes(text.encode(code)).best().encoding,
            str(from_bytes(text.encode(code)).best()) == text,
        ]
        for text in given
        for code in ("utf-8", "utf-16")
    ]
