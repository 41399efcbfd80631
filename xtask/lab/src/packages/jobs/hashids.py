from hashids import Hashids


def encoded(given=[1, 2, 3]):
    """Encodes numbers as text that can't be guessed."""
    hashids = Hashids(salt="salt", min_length=8)
    text = hashids.encode(*given)
    return [
        text,
        list(hashids.decode(text)),
        list(Hashids(salt="other").decode(text)),
        hashids.encode_hex("deadbeef"),
    ]
