import h2.config
import h2.connection


def exchange(given={"method": "GET", "path": "/"}):
    """Opens a stream of HTTP/2 between two ends, with compressed headers."""
    client = h2.connection.H2Connection()
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    client.initiate_connection()
    server.initiate_connection()
    headers = [(f":{name}", value) for name, value in given.items()]
    client.send_headers(
        1, headers + [(":authority", "a.org"), (":scheme", "https")], end_stream=True
    )
    events = server.receive_data(client.data_to_send())
    return [type(event).__name__ for event in events]
