import base64

import puremagic


def guessed(given=["iVBORw0KGgoAAAANSUhEUg==", "R0lGODlhAQABAA==", "JVBERi0xLjQK"]):
    """Guesses files' kinds by its data."""
    return [puremagic.from_string(base64.b64decode(text)) for text in given]
