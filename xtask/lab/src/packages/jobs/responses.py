import requests
import responses


def mocked(given={"ok": True}):
    """Answers the requests of another library."""
    with responses.RequestsMock() as mock:
        mock.get("https://a.org/x", json=given, headers={"X": "1"})
        mock.post("https://a.org/y", body=requests.ConnectionError("no line"))
        first = requests.get("https://a.org/x", params={"q": "1"})
        try:
            requests.post("https://a.org/y")
            failed = None
        except requests.ConnectionError as error:
            failed = str(error)
        return [first.json(), first.headers["X"], failed, [call.request.url for call in mock.calls]]
