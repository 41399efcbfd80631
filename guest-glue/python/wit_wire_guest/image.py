"""What the component's image is made from: it is taken once this module has run."""

import gc
import sys

from . import stdlib

stdlib.take_in()

from . import randomness  # noqa: E402 - the glue's own imports come from the library that was taken in
from . import baked_packages, loop, output  # noqa: E402
from .app import MatWire  # noqa: E402

# In bytes.
ROOM = 8 << 20

__all__ = ["MatWire"]


def settle():
    """Runs a function once, so that what the first run sets up is in the image."""
    import json

    from wit_world.exports import mat_wire

    from . import app

    source = "def settle(value):\n    return {'sum': value['a'] + value['b']}\n"
    data = {"ty": "def", "func_name": "settle", "source": source}
    finders, hooks = list(sys.meta_path), list(sys.path_hooks)
    app.MatWire().init(mat_wire.InitArgs([mat_wire.MatInfo("settle", "settle", json.dumps(data))], app.VERSION))
    app.MatWire().handle(mat_wire.HandleReq("settle", '{"a": 1, "b": 2}'))
    app._handlers = None
    app._is_first = True
    sys.meta_path[:] = finders
    sys.path_hooks[:] = hooks
    del sys.modules["settle"]


def make_room():
    """Has the allocator hold memory that most functions will do with.

    An instance whose memory grew is not used again, and one that has too much costs
    nothing: pages that nobody touched are not there.
    """
    bytearray(ROOM)


output.install()
baked_packages.take_in()
stdlib.forget_files()
randomness.watch()
loop.install()
settle()
gc.collect()
gc.freeze()
make_room()
