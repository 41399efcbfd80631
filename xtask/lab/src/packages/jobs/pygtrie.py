import pygtrie


def prefixes(given={"/usr": 1, "/usr/lib": 2, "/var": 3}):
    """Looks up by prefixes."""
    trie = pygtrie.StringTrie(given, separator="/")
    return [
        [list(pair) for pair in trie.prefixes("/usr/lib/x")],
        trie.longest_prefix("/usr/lib/x").value,
        sorted(trie.keys("/usr")),
        bool(trie.has_subtrie("/usr")),
    ]
