"""Bytes that are part of the image: many blobs in one block, by key."""

import marshal
import os

# Where one run leaves them for the next: next to the package `wit_wire_guest`.
FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))


def write(name, blobs):
    index, end = {}, 0
    for key, blob in blobs.items():
        index[key] = (end, end + len(blob))
        end += len(blob)
    with open(_index(name), "wb") as file:
        marshal.dump(index, file)
    with open(_block(name), "wb") as file:
        file.writelines(blobs.values())


class Blobs:
    """What was written as `name`, by key."""

    def __init__(self, name):
        with open(_index(name), "rb") as file:
            self._index = marshal.load(file)
        # Unbuffered: parts of a buffer would stay in memory.
        with open(_block(name), "rb", buffering=0) as file:
            self._block = file.read()

    def __iter__(self):
        return iter(self._index)

    def __contains__(self, key):
        return key in self._index

    def __getitem__(self, key):
        start, end = self._index[key]
        return memoryview(self._block)[start:end]


def _index(name):
    return os.path.join(FOLDER, f"{name}.index")


def _block(name):
    return os.path.join(FOLDER, f"{name}.block")
