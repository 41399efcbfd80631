import io

import requests
from requests.adapters import BaseAdapter
from requests.auth import HTTPBasicAuth
from requests.models import Response


class Echo(BaseAdapter):
    def send(self, request, **options):
        response = Response()
        response.status_code = 404 if "missing" in request.url else 200
        response.headers["Content-Type"] = "application/json; charset=utf-8"
        body = request.body or ""
        text = body if isinstance(body, str) else body.decode()
        response.raw = io.BytesIO(f'{{"url": "{request.url}", "body": "{text}"}}'.encode())
        response.url, response.request = request.url, request
        return response

    def close(self):
        pass


def session(given={"q": "ž x"}):
    """Sends requests by an adapter of its own, with parameters, forms and cookies."""
    with requests.Session() as session:
        session.mount("https://", Echo())
        session.cookies.set("id", "7")
        first = session.get("https://example.org/ž", params=given, auth=HTTPBasicAuth("a", "b"))
        second = session.post("https://example.org/x", data={"a": "1"})
        headers = first.request.headers
        return [
            first.json(),
            headers["Authorization"],
            headers["Cookie"],
            second.json(),
            second.request.headers["Content-Type"],
        ]


def failed(given="https://example.org/missing"):
    """Raises for a status, and refuses wrong addresses."""
    with requests.Session() as session:
        session.mount("https://", Echo())
        errors = []
        for address in (given, "nonsense", "http://", "ftp://a/b"):
            try:
                session.get(address).raise_for_status()
            except requests.RequestException as error:
                errors.append([type(error).__name__, str(error)])
        return errors
