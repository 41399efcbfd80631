"""A program like any other, which must not notice what others do."""

import gc
import json
import re
import sys

state = []


async def _twice(value, ctx):
    return value * 2


def neighbour(value, ctx):
    state.append(value)
    print("neighbour", value)
    # Not imported before, and of the guest's own.
    import asyncio
    import textwrap

    return {
        "state": state,
        "echo": ctx.hostcall("echo", [value]),
        "json": json.loads(json.dumps({"value": value})),
        "matches": re.findall("a+", "aabaaa"),
        "sorted": sorted({3, 1, 2}, key=lambda n: -n),
        "wrapped": textwrap.wrap("one two", 4),
        "awaited": asyncio.run(_twice(value, ctx)),
        "settings": [sys.getrecursionlimit(), gc.isenabled(), len(gc.callbacks), sys.gettrace() is None],
    }
