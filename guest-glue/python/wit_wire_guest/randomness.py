"""Random numbers that differ between calls, although calls begin with the same memory.

The state of the generator behind `random` is part of that memory. To seed it takes
as long as a whole call of a small function, so it is done for those alone that
import `random`: when they do, and again before the first call on state that was
restored.
"""

import random
import sys
from importlib.machinery import ModuleSpec

# Kept from user code, which may put anything in its place.
_seed = random.seed

_is_imported = False


class Finder:
    """Hands out the module that is there already, and notes that it did."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Finder) if name == "random" else None

    @staticmethod
    def create_module(spec):
        return random

    @staticmethod
    def exec_module(module):
        global _is_imported
        _is_imported = True
        _seed()


def watch():
    """Makes imports of `random` ones that are noted."""
    sys.meta_path.insert(0, Finder)
    forget()


def forget():
    """Whoever imported `random` until now does not count: the runtime below does, to seed it."""
    global _is_imported
    _is_imported = False
    sys.modules.pop("random", None)


def renew():
    """Seeds the generator anew, if anything could have been drawn from it."""
    if _is_imported:
        _seed()
