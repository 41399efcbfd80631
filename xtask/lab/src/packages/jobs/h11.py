import h11


def exchange(given="hello"):
    """Writes and reads HTTP/1.1 by two state machines."""
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    headers = [("Host", "a.org"), ("Content-Length", str(len(given)))]
    sent = client.send(h11.Request(method="POST", target="/x", headers=headers))
    sent += client.send(h11.Data(data=given.encode())) + client.send(h11.EndOfMessage())
    server.receive_data(sent)
    events = [type(server.next_event()).__name__ for _ in range(3)]
    try:
        server.receive_data(b"nonsense\r\n\r\n")
        server.next_event()
        refused = None
    except h11.RemoteProtocolError as error:
        refused = str(error)
    return [sent.decode(), events, str(client.our_state), refused]
