import idna


def names(given=["bücher.example", "faß.de", "日本.jp", "xn--bcher-kva", "a..b", "-x"]):
    """Encodes international names, and refuses wrong ones."""
    results = []
    for name in given:
        try:
            results.append([idna.encode(name).decode(), idna.decode(name)])
        except idna.IDNAError as error:
            results.append(str(error))
    return results
