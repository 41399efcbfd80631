import six
from six.moves import urllib


def moved(given={"q": "a b", "n": [1, 2]}):
    """Uses modules by the names of both Pythons."""
    query = urllib.parse.urlencode(given, doseq=True)
    return [query, sorted(six.iterkeys(given)), six.ensure_text(b"x"), six.PY3]
