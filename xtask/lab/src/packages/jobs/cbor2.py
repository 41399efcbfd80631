import cbor2


def encoded(given={"a": [1, -5, 2.5, None, True], "ž": "text", "big": "text" * 30}):
    """Encodes and decodes CBOR, also dates and shared parts."""
    from datetime import datetime, timezone

    day = datetime(2026, 1, 2, tzinfo=timezone.utc)
    data = cbor2.dumps({**given, "large": 2**70}, canonical=True)
    return [
        data.hex(),
        cbor2.loads(data)["large"] == 2**70,
        cbor2.loads(cbor2.dumps(day)).isoformat(),
    ]
