from multidict import CIMultiDict, MultiDict


def multi(given=[["a", "1"], ["B", "2"], ["a", "3"]]):
    """Keeps several values for a key, whatever its case."""
    pairs, headers = MultiDict(map(tuple, given)), CIMultiDict(map(tuple, given))
    headers.add("b", "4")
    return [
        pairs.getall("a"),
        headers.getall("B"),
        list(headers),
        pairs.popall("a"),
        "A" in headers,
        str(pairs),
    ]
