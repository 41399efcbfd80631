"""Files: what programs find in them besides what they write.

The files are in the guest's own memory, and C code outside of this package answers libc for them
(`files/tree.c`). It asks here for what is provided: the program's sources and packages below its
working directory, with the paths that `__file__` has, and the folders of the standard library.
All of that is read-only, and none is asked for before it is looked up.
"""

import os

from . import stdlib
from .modules import as_bytes

# Where programs begin.
WORK = "/work"
HOME = "/home"

# What `_wit_wire_files` expects.
_NOTHING, _FILE, _FOLDER = range(3)

# As `files/tree.h` has them.
_BLOCK, _LONGEST_NAME = 4096, 255

# Saved from user code, which may replace it.
_stat, _exists = os.stat, os.path.exists

_places = []
_library = set()


def show(places):
    """From here on the files of these places are provided, the first that has one first."""
    _places[:] = places


def install(library):
    """Answers for files, as far as they are provided. `library`: the standard library's files."""
    import posix

    import _wit_wire_files

    for path in library:
        while "/" in path:
            path = path.rpartition("/")[0]
            _library.add(f"{stdlib.ROOT}/{path}")
    _wit_wire_files.provide(_kind, _names, _content)
    _wit_wire_files.enter(WORK)
    set_mode, room = _wit_wire_files.set_mode, _wit_wire_files.room

    def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
        found = _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        number = set_mode(found.st_ino, mode)
        if number:
            raise OSError(number, os.strerror(number), path)

    def statvfs(path):
        _stat(path)
        most_bytes, bytes, most_files, files = room()
        blocks, left = most_bytes // _BLOCK, (most_bytes - bytes) // _BLOCK
        files_left = most_files - files
        counts = blocks, left, left, most_files, files_left, files_left
        return os.statvfs_result((_BLOCK, _BLOCK, *counts, 0, _LONGEST_NAME, 0))

    # CPython for WASI is built without them.
    os.chmod = posix.chmod = chmod
    os.statvfs = posix.statvfs = statvfs


def begin():
    """What is not in the image: it is made anew at each start."""
    os.environ.setdefault("HOME", HOME)
    # libc then opens what it finds all files in, and keeps it: at once, so that no call has to.
    # While the image is made there is nothing to open.
    _exists("/")


def _inside(path):
    """The places that may have the file or folder `path`, each with its path there."""
    path = path.removeprefix(f"{WORK}/")
    for place in _places:
        if f"{path}/" == place.prefix:
            yield place, ""
        elif path.startswith(place.prefix):
            yield place, path[len(place.prefix) :]


def _kind(path):
    if path.startswith(stdlib.ROOT):
        return _FOLDER if path in _library else _NOTHING
    for place, inside in _inside(path):
        if not inside or place.is_folder(inside):
            return _FOLDER
        if place.is_file(inside):
            return _FILE
    return _NOTHING


def _names(path):
    names = set()
    if path.startswith(stdlib.ROOT):
        below = (folder.removeprefix(f"{path}/") for folder in _library)
        names.update(name for name in below if "/" not in name)
    elif path == WORK:
        for place in _places:
            top = place.prefix.partition("/")[0]
            names.update([top] if top else place.children(""))
    else:
        for place, inside in _inside(path):
            names.update(place.children(inside))
    return b"".join(name.encode() + b"\0" for name in sorted(names))


def _content(path):
    for place, inside in _inside(path):
        if place.is_file(inside):
            return as_bytes(place.read(inside))
    raise FileNotFoundError(path)
