from oauthlib.oauth1 import Client
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error, WebApplicationClient


def requests(given="client"):
    """Signs requests by OAuth 1, and makes and reads those of OAuth 2."""
    address, headers, _ = Client(given, client_secret="s", timestamp="1", nonce="n").sign(
        "https://a.org/x?y=1"
    )
    client = WebApplicationClient(given)
    try:
        client.parse_request_body_response('{"error": "invalid_grant"}')
        refused = None
    except OAuth2Error as error:
        refused = str(error)
    return [
        headers["Authorization"],
        client.prepare_request_uri(
            "https://a.org/auth", redirect_uri="https://b.org", scope=["r", "w"], state="s"
        ),
        client.parse_request_uri_response("https://b.org/?code=c&state=s", state="s"),
        refused,
        BackendApplicationClient(given).prepare_request_body(),
    ]
