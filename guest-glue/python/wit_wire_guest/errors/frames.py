"""Which frames of a traceback are the user's."""

import asyncio
import json
import os.path

# How the file names of the glue begin. The host's modules are glue too.
GLUE = (os.path.dirname(os.path.dirname(__file__)), "site-packages/host/", "<frozen importlib")

# The same for what the glue calls, and users may call as well.
CALLED = tuple(os.path.dirname(module.__file__) for module in (asyncio, json))

_shows_all = False


def show_all():
    """From here on, tracebacks show the glue's frames too."""
    global _shows_all
    _shows_all = True


def users(stack):
    """The frames that are the user's; those of asyncio and `json` if the user called them."""
    if _shows_all:
        return stack
    frames = [frame for frame in stack if not frame.filename.startswith(GLUE)]
    while frames and frames[0].filename.startswith(CALLED):
        frames.pop(0)
    return frames
