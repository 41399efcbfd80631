"""A stand-in for ctypes: the sizes of C's types. There are no native libraries to call.

Packages ask for the size of a `long` unconditionally, and handle a library that can't be loaded.
"""

import struct


class _Type:
    _format = None

    def __init__(self, value=0):
        self.value = value

    def __repr__(self):
        return f"{type(self).__name__}({self.value!r})"


def _type(name, format):
    return type(name, (_Type,), {"_format": format, "__module__": "ctypes"})


for _name, _code in {
    "c_bool": "?", "c_byte": "b", "c_char": "c", "c_double": "d", "c_float": "f", "c_int": "i", "c_int8": "b",
    "c_int16": "h", "c_int32": "i", "c_int64": "q", "c_long": "l", "c_longlong": "q", "c_short": "h", "c_size_t": "N",
    "c_ssize_t": "n", "c_ubyte": "B", "c_uint": "I", "c_uint8": "B", "c_uint16": "H", "c_uint32": "I",
    "c_uint64": "Q", "c_ulong": "L", "c_ulonglong": "Q", "c_ushort": "H", "c_void_p": "P", "c_wchar": "i",
}.items():  # fmt: skip
    globals()[_name] = _type(_name, _code)


def sizeof(kind):
    """The size of a type, or of a value's, in bytes."""
    return struct.calcsize(kind._format)


class CDLL:
    """No library can be loaded."""

    def __init__(self, name=None, *args, **kwargs):
        raise OSError(f"can't load {name!r}: there are no native libraries in the sandbox")


PyDLL = CDLL


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        f"ctypes.{name} is not available in the sandbox, which has only the sizes of C's types"
    )
