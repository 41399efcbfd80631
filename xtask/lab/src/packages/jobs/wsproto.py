from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Request


def exchange(given=["hello", "ž" * 200]):
    """Opens a WebSocket between two ends, and sends messages."""
    client, server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    server.receive_data(client.send(Request(host="a.org", target="/")))
    events = [type(event).__name__ for event in server.events()]
    client.receive_data(server.send(AcceptConnection()))
    events += [type(event).__name__ for event in client.events()]
    data = b"".join(client.send(Message(data=text)) for text in given)
    server.receive_data(
        data + client.send(Ping(payload=b"p")) + client.send(CloseConnection(code=1000))
    )
    return events + [getattr(event, "data", type(event).__name__) for event in server.events()]
