import base58


def encoded(given=["hello", "ž" * 10]):
    """Encodes bytes, with a check."""
    texts = [base58.b58encode_check(text.encode()).decode() for text in given]
    try:
        base58.b58decode_check(texts[0][:-1] + "2")
        refused = None
    except ValueError as error:
        refused = str(error)
    return [texts, [base58.b58decode_check(text).decode() for text in texts], refused]
