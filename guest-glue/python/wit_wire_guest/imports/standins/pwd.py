"""A stand-in for pwd: the one user that there is."""

import os as _os
from collections import namedtuple as _namedtuple

struct_passwd = _namedtuple(
    "struct_passwd", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell", module="pwd"
)


def _user():
    return struct_passwd("user", "x", 1000, 1000, "", _os.environ.get("HOME", "/"), "/bin/sh")


def getpwuid(uidobj, /):
    if uidobj != 1000:
        raise KeyError(f"getpwuid(): uid not found: {uidobj}")
    return _user()


def getpwnam(name, /):
    if name != "user":
        raise KeyError(f"getpwnam(): name not found: {name!r}")
    return _user()


def getpwall():
    return [_user()]
