"""What there is of bz2: its names. CPython for WASI is built without the rest.

Packages import it for files that they may be asked to read.
"""


def _refuse(*args, **kwargs):
    raise OSError("there is no bz2 in the sandbox: CPython for WASI is built without it; zlib and gzip are there")


open = compress = decompress = _refuse


class BZ2File:
    __init__ = _refuse


class BZ2Compressor:
    __init__ = _refuse


class BZ2Decompressor:
    __init__ = _refuse
