"""Packages that are part of the image: compiled when it was made, imported when a program asks for them."""

import marshal
import os
import zlib

from . import kept
from .modules import SUFFIX, Modules

# Where they are while the image is made, if it is to have any.
FOLDER = os.path.join(kept.FOLDER, "site-packages")

KEPT = "packages"

# The image's own, if it has any.
baked = []


class Packages(Modules):
    """Keeps the code of modules beside their text, and that and other files compressed."""

    prefix = "site-packages/"

    def __init__(self):
        super().__init__()
        self._pieces = kept.Pieces(KEPT)
        for path in self._pieces:
            if not path.endswith(code_of(SUFFIX)):
                self.add_path(path)

    def read(self, path):
        return zlib.decompress(self._pieces[path])

    def code(self, path):
        if code_of(path) in self._pieces:
            return marshal.loads(self._pieces[code_of(path)])
        return super().code(path)


def code_of(path):
    """The key of the code of the module in the file `path`."""
    return f"{path}c"


def take_in():
    if kept.is_there(KEPT):
        baked.append(Packages())
