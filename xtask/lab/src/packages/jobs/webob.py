from webob import Request, Response
from webob.exc import HTTPNotFound


def exchange(given={"q": "x", "n": "1"}):
    """Makes requests and answers them, with caching and errors."""
    request = Request.blank("/x?" + "&".join(f"{k}={v}" for k, v in given.items()), POST={"a": "b"})
    response = Response(json={"ok": True})
    response.md5_etag()
    response.cache_expires(0)
    missing = Request.blank("/").get_response(HTTPNotFound("gone"))
    return [dict(request.params), request.method, response.etag, response.text, missing.status]
