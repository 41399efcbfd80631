import pika
from pika import frame, spec


def frames(given={"a": 1, "b": ["x", True]}):
    """Encodes frames of AMQP, and reads addresses."""
    properties = spec.BasicProperties(content_type="text/plain", headers=given)
    data = frame.Header(1, 5, properties).marshal()
    _, back = frame.decode_frame(data)
    return [
        data.hex(),
        back.properties.headers,
        pika.URLParameters("amqp://u:p@h:5673/%2Fv").virtual_host,
    ]
