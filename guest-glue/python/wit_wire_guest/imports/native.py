"""Modules in C that are part of the image, beside those that CPython has built in."""

import os
from importlib.machinery import ExtensionFileLoader
from importlib.util import spec_from_file_location

from . import blobs

SUFFIX = ".cpython-314-wasm32-wasi.so"


class Finder:
    """Finds them by name. That they are linked into the component makes up for their files."""

    def __init__(self):
        files = os.listdir(blobs.FOLDER)
        self._names = {name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX)}

    def find_spec(self, name, path=None, target=None):
        if name not in self._names:
            return None
        file = os.path.join(blobs.FOLDER, name + SUFFIX)
        return spec_from_file_location(name, file, loader=ExtensionFileLoader(name, file))
