"""A stand-in for _multiprocessing: what is built on it can be imported, and refuses."""

from wit_wire_guest.imports.unsupported import PROCESSES as _PROCESSES

flags = {}


class SemLock:
    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, *args, **kwargs):
        raise OSError(_PROCESSES)

    _rebuild = classmethod(__init__)


def sem_unlink(name, /):
    raise OSError(_PROCESSES)
