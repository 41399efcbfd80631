from jsonpath_ng import parse
from jsonpath_ng.ext import parse as parse_more


def found(given={"foo": [{"baz": 1, "n": "x"}, {"baz": 2, "n": "y"}]}):
    """Finds parts of a document by paths and filters."""
    matches = parse("foo[*].baz").find(given) + parse("$..n").find(given)
    more = parse_more("$.foo[?(@.baz > 1)].n").find(given)
    return [[str(match.full_path), match.value] for match in matches + more]
