"""A stand-in for bz2, which CPython for WASI is built without: its names can be imported.

Packages import it for files that they may have to read.
"""


def _refuse(*args, **kwargs):
    raise OSError(
        "bz2 is not available in the sandbox: "
        "CPython for WASI is built without it; use zlib or gzip"
    )


open = compress = decompress = _refuse


class BZ2File:
    __init__ = _refuse


class BZ2Compressor:
    __init__ = _refuse


class BZ2Decompressor:
    __init__ = _refuse
