"""What the component's image is made from: it is taken once this module has run."""

import gc
import sys

from ..imports import stdlib

# First, so that what the glue imports of the library comes from its stored code.
stdlib.install()

from wit_world.exports import mat_wire  # noqa: E402
from wit_world.imports import typegate_wire  # noqa: E402

from .. import app, wire_json  # noqa: E402
from ..calls import loop  # noqa: E402
from ..imports import baked_packages, files  # noqa: E402
from ..protocol import BATCH, PARK, PARKED, RESUME, VERSION  # noqa: E402
from ..runtime import output, randomness  # noqa: E402
from .immortal import immortalize  # noqa: E402

# Where componentize-py looks for the export.
MatWire = app.MatWire

# In bytes.
ROOM = 8 << 20

__all__ = ["MatWire"]

# How often each function runs while the image is made. Python rewrites code that it has run some
# times so that it is faster, and what the image has is what each call begins with.
RUNS = 100

_SOURCES = {
    "plain": """
def plain(value):
    return {"sum": value["a"] + value["b"], "name": str(value["name"]), "all": [None, True, 1.5]}
""",
    "asks": """
def asks(value, ctx):
    return ctx.hostcall("same", value)
""",
    "waits": """
import asyncio

async def waits(value, ctx):
    await asyncio.sleep(1e-9)
    return await asyncio.gather(ctx.hostcall("same", value), ctx.hostcall("same", 1))
""",
}


class _Host:
    """A host that answers hostcalls with what they bring, and has each second batch park."""

    def __init__(self):
        self._batches = 0
        self.answers = None

    def hostcall(self, op, payload):
        if op != BATCH:
            return payload
        batch = wire_json.decode(payload)
        calls = batch["calls"]
        answers = wire_json.encode([{"id": call["id"], "ok": call["payload"]} for call in calls])
        self._batches += 1
        if batch.get("park") and self._batches % 2:
            self.answers = answers
            return PARK
        return answers


def settle():
    """Runs functions, so that what the first runs set up is part of the image."""
    finders, hooks = list(sys.meta_path), list(sys.path_hooks)
    host, hostcall = _Host(), typegate_wire.hostcall
    typegate_wire.hostcall = host.hostcall
    wire = MatWire()
    data = {
        name: wire_json.encode({"ty": "def", "func_name": name, "source": source})
        for name, source in _SOURCES.items()
    }
    wire.init(
        mat_wire.InitArgs([mat_wire.MatInfo(name, name, data[name]) for name in data], VERSION)
    )
    for _ in range(RUNS):
        for name in data:
            answer = wire.handle(mat_wire.HandleReq(name, '{"a": 1, "b": 2, "name": "\u00e9"}'))
            while answer == PARKED:
                answer = wire.handle(mat_wire.HandleReq(RESUME, host.answers))
    typegate_wire.hostcall = hostcall
    app.forget()
    loop.forget()
    sys.meta_path[:] = finders
    sys.path_hooks[:] = hooks
    for name in data:
        del sys.modules[name]


def make_room():
    """Has the allocator hold memory that most functions will do with.

    Memory that grew is given back after the call. Unused memory costs nothing: its pages are never
    touched.
    """
    bytearray(ROOM)


output.install()
baked_packages.install()
files.install(stdlib.paths())
stdlib.forget_files()
randomness.watch()
loop.install()
settle()
gc.collect()
immortalize()
gc.freeze()
make_room()
