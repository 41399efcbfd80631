"""A stand-in for grp: the group of the one user that there is."""

from collections import namedtuple as _namedtuple

struct_group = _namedtuple("struct_group", "gr_name gr_passwd gr_gid gr_mem", module="grp")


def _group():
    return struct_group("user", "x", 1000, [])


def getgrgid(id):
    if id != 1000:
        raise KeyError(f"getgrgid(): gid not found: {id}")
    return _group()


def getgrnam(name):
    if name != "user":
        raise KeyError(f"getgrnam(): name not found: {name!r}")
    return _group()


def getgrall():
    return [_group()]
