import chardet


def guessed(given=["Příliš žluťoučký kůň úpěl ďábelské ódy. " * 5, "これは日本語の文章です。" * 5]):
    """Guesses encodings."""
    codes = ["utf-8", "utf-16"]
    return [chardet.detect(text.encode(code))["encoding"] for text in given for code in codes]
