import base64

import filetype


def guessed(
    given=[
        "iVBORw0KGgoAAAANSUhEUg==",
        "R0lGODlhAQABAA==",
        "JVBERi0xLjQK",
        "UEsDBAoAAAAAAA==",
        "eHh4",
    ]
):
    """Guesses files' kinds by their first bytes."""
    return [getattr(filetype.guess(base64.b64decode(text)), "mime", None) for text in given]
