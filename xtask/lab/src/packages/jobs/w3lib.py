from w3lib.encoding import html_to_unicode
from w3lib.html import remove_tags, replace_entities
from w3lib.url import canonicalize_url, safe_url_string, url_query_parameter


def cleaned(given="<p>a &amp; <b>b</b> &eacute;</p>"):
    """Cleans HTML and addresses."""
    return [
        remove_tags(given, keep=("b",)),
        replace_entities(given),
        canonicalize_url("http://a.org/?c=3&b=2&a=1#x"),
        safe_url_string("http://a.org/ž x?q=ž"),
        url_query_parameter("x?id=200&b=1", "id"),
        list(html_to_unicode("text/html; charset=latin-1", b"\xe9")),
    ]
