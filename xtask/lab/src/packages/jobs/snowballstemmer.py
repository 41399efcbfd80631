import snowballstemmer


def stems(
    given={
        "english": ["running", "generously"],
        "german": ["aufeinander", "katzen"],
        "french": ["continuellement"],
        "russian": ["важнейшие"],
    }
):
    """Finds the stems of words of several languages."""
    return {code: snowballstemmer.stemmer(code).stemWords(words) for code, words in given.items()}
