import urllib3
from urllib3.filepost import encode_multipart_formdata
from urllib3.util import Retry, make_headers, parse_url


def parts(given="https://user:p@[::1]:8080/a%20b/../c?x=1#f"):
    """Takes an address apart, and encodes forms and headers."""
    url = parse_url(given)
    body, kind = encode_multipart_formdata(
        {"a": "1", "f": ("n.txt", b"data", "text/plain")}, boundary="b"
    )
    retry = Retry(total=2, backoff_factor=0.1, status_forcelist=[503])
    return [
        url._asdict(),
        url.url,
        [body.decode(), kind],
        make_headers(basic_auth="a:b", keep_alive=True),
        [
            retry.is_retry("GET", 503),
            retry.is_retry("POST", 503),
            retry.increment("GET", "/", error=None, response=None).total,
        ],
        sorted(urllib3.HTTPHeaderDict(a="1", A="2").items()),
    ]
