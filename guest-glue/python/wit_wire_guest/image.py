"""What the component's image is made from: it is taken once this module has run."""

import gc

from . import stdlib
from .app import MatWire

__all__ = ["MatWire"]

stdlib.take_in()
gc.collect()
gc.freeze()
