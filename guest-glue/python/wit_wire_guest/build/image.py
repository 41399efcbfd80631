"""What the component's image is made from: it is taken once this module has run."""

import gc
import sys

from ..imports import stdlib

# First, so that what the glue imports of the library comes from its stored code.
stdlib.install()

from wit_world.exports import mat_wire  # noqa: E402

from .. import app  # noqa: E402
from ..calls import loop  # noqa: E402
from ..imports import baked_packages  # noqa: E402
from ..protocol import VERSION  # noqa: E402
from ..runtime import output, randomness  # noqa: E402

# Where componentize-py looks for the export.
MatWire = app.MatWire

# In bytes.
ROOM = 8 << 20

__all__ = ["MatWire"]

_OP = """{
    "ty": "def",
    "func_name": "settle",
    "source": "def settle(value):\\n    return {'sum': value['a'] + value['b']}\\n"
}"""


def settle():
    """Runs a function once, so that what the first run sets up is part of the image."""
    finders, hooks = list(sys.meta_path), list(sys.path_hooks)
    wire = MatWire()
    wire.init(mat_wire.InitArgs([mat_wire.MatInfo("settle", "settle", _OP)], VERSION))
    wire.handle(mat_wire.HandleReq("settle", '{"a": 1, "b": 2}'))
    app.forget()
    sys.meta_path[:] = finders
    sys.path_hooks[:] = hooks
    del sys.modules["settle"]


def make_room():
    """Has the allocator hold memory that most functions will do with.

    An instance whose memory grew is not used again. Unused memory costs nothing: its pages are
    never touched.
    """
    bytearray(ROOM)


output.install()
baked_packages.install()
stdlib.forget_files()
randomness.watch()
loop.install()
settle()
gc.collect()
gc.freeze()
make_room()
