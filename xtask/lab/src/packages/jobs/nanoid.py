from nanoid import generate, non_secure_generate


def made(given=12):
    """Makes random identifiers."""
    texts = [generate("ab12", given), generate(), non_secure_generate(size=given)]
    return [list(map(len, texts)), set(texts[0]) <= set("ab12")]
