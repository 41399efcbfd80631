"""What the component's image is made from: it is taken once this module has run."""

import gc

from . import stdlib

stdlib.take_in()

from .app import MatWire  # noqa: E402 - the glue's own imports come from the library that was taken in

__all__ = ["MatWire"]

stdlib.forget_files()
gc.collect()
gc.freeze()
