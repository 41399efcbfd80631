"""Random numbers that differ between calls, although calls begin with the same memory.

The state of the generator behind `random` is part of that memory. Seeding it takes as long as a
whole call of a small function, so it is done only for programs that import `random`: at the import,
and again before the first call on restored memory.
"""

import random
import sys
from importlib.machinery import ModuleSpec

# Saved from user code, which may replace it.
_seed = random.seed

_is_imported = False


class Finder:
    """Finds the module that is loaded already, and notes that it was imported."""

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
    """From here on, imports of `random` are noted."""
    sys.meta_path.insert(0, Finder)
    forget()


def forget():
    """Disregards imports of `random` until now, such as that of componentize-py's runtime."""
    global _is_imported
    _is_imported = False
    sys.modules.pop("random", None)


def renew():
    """Seeds the generator again, if anything could have been drawn from it."""
    if _is_imported:
        _seed()
