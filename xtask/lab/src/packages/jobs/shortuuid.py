import uuid

import shortuuid


def shortened(
    given=["00000000-0000-0000-0000-000000000001", "3b1f8b40-222c-4a6e-b77e-779d5a94e21c"]
):
    """Shortens identifiers and restores them."""
    short = [shortuuid.encode(uuid.UUID(text)) for text in given]
    return [
        short,
        [str(shortuuid.decode(text)) for text in short],
        shortuuid.uuid(name="example.com"),
        len(shortuuid.uuid()),
    ]
