import paho.mqtt.client as mqtt
from paho.mqtt.properties import PacketTypes, Properties


def topics(given=["a/b", "a/b/c", "x"]):
    """Matches topics, packs properties, and queues without a line."""
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = ("k", "v")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="c")
    return [
        [mqtt.topic_matches_sub("a/#", topic) for topic in given],
        properties.pack().hex(),
        client.publish("a", "x", qos=1).rc,
        mqtt.connack_string(5),
    ]
