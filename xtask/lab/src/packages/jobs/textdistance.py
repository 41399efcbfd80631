import textdistance


def distances(given=[["test", "text"], ["kitten", "sitting"], ["ab", ""]]):
    """Measures how far apart texts are."""
    names = [
        "levenshtein",
        "jaro_winkler",
        "hamming",
        "jaccard",
        "lcsstr",
        "damerau_levenshtein",
        "ratcliff_obershelp",
    ]
    return [[getattr(textdistance, name)(a, b) for name in names] for a, b in given]
