"""A stand-in for fcntl: there is one process, so each lock is had at once."""

import errno as _errno
import os as _os

F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN = range(
    10
)
F_RDLCK, F_WRLCK, F_UNLCK = range(3)
F_DUPFD_CLOEXEC = 1030
F_GETPIPE_SZ, F_SETPIPE_SZ = 1032, 1031
FD_CLOEXEC = 1
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8
FASYNC = 0x2000
I_PUSH, I_POP = 0x5302, 0x5303


def _number(fd):
    fd = fd if isinstance(fd, int) else fd.fileno()
    _os.fstat(fd)
    return fd


def fcntl(fd, cmd, arg=0, /):
    fd = _number(fd)
    if cmd == F_GETFD:
        return 0 if _os.get_inheritable(fd) else FD_CLOEXEC
    if cmd == F_GETFL:
        return _os.O_RDWR if _os.get_blocking(fd) else _os.O_RDWR | _os.O_NONBLOCK
    if cmd in (F_SETFD, F_SETFL, F_SETLK, F_SETLKW):
        return arg if isinstance(arg, bytes) else 0
    raise OSError(_errno.EINVAL, f"fcntl with the command {cmd} is not available in the sandbox")


def flock(fd, operation, /):
    _number(fd)


def lockf(fd, cmd, len=0, start=0, whence=0, /):
    _number(fd)


def ioctl(fd, request, arg=0, mutate_flag=True, /):
    _number(fd)
    raise OSError(_errno.ENOTTY, "there are no devices in the sandbox")
