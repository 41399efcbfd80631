"""Packages that are part of the image: compiled when it is made, imported when a program asks."""

import marshal
import os
import zlib

from . import blobs
from .modules import SUFFIX, Modules

# Where they are while the image is made.
FOLDER = os.path.join(blobs.FOLDER, "site-packages")

# The blobs' name.
NAME = "packages"

# Those of the image, once there are any.
baked = []


class Packages(Modules):
    """Modules as code and compressed source, other files as they are."""

    prefix = "site-packages/"

    def __init__(self):
        super().__init__()
        self._blobs = blobs.Blobs(NAME)
        for path in self._blobs:
            if not path.endswith(code_of(SUFFIX)):
                self.add_path(path)

    def read(self, path):
        content = self._blobs[path]
        return zlib.decompress(content) if path.endswith(SUFFIX) else bytes(content)

    def code(self, path):
        if code_of(path) in self._blobs:
            return marshal.loads(self._blobs[code_of(path)])
        return super().code(path)


def code_of(path):
    """The key of a module's code, of which `path` is the source."""
    return f"{path}c"


def install():
    baked.append(Packages())
