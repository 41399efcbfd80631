"""Packages that are part of the image: compiled when it was made, imported when a program asks for them."""

import marshal
import os
import zlib

from . import kept
from .modules import SUFFIX, Modules

# Where they are while the image is made.
FOLDER = os.path.join(kept.FOLDER, "site-packages")

KEPT = "packages"

# The image's own.
baked = []


class Packages(Modules):
    """Keeps the code of modules beside their text, which is compressed, and other files as they are."""

    prefix = "site-packages/"

    def __init__(self):
        super().__init__()
        self._pieces = kept.Pieces(KEPT)
        for path in self._pieces:
            if not path.endswith(code_of(SUFFIX)):
                self.add_path(path)

    def read(self, path):
        content = self._pieces[path]
        return zlib.decompress(content) if path.endswith(SUFFIX) else bytes(content)

    def code(self, path):
        if code_of(path) in self._pieces:
            return marshal.loads(self._pieces[code_of(path)])
        return super().code(path)


def code_of(path):
    """The key of the code of the module in the file `path`."""
    return f"{path}c"


def take_in():
    baked.append(Packages())
