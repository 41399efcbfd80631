"""Functions that `os` lacks in CPython for WASI, for the one process and user that there are."""

import errno as _errno
import os as _os

from .unsupported import PROCESSES as _PROCESSES

_USER = 1000

_mask = 0o022


def _not_permitted(*args):
    raise PermissionError(_errno.EPERM, "there is one user in the sandbox")


def _no_child(*args):
    raise ChildProcessError(_errno.ECHILD, _PROCESSES)


def _own(pid):
    if pid not in (0, _os.getpid()):
        raise ProcessLookupError(_errno.ESRCH, _PROCESSES)


def _only_user(*ids):
    if any(one not in (-1, _USER) for one in ids):
        _not_permitted()


def getuid():
    return _USER


geteuid = getgid = getegid = getuid


def getresuid():
    return (_USER,) * 3


getresgid = getresuid


def getgroups():
    return [_USER]


def getgrouplist(user, group, /):
    return [group]


setuid = setgid = seteuid = setegid = setreuid = setregid = setresuid = setresgid = lambda *ids: (
    _only_user(*ids)
)

setgroups = initgroups = chroot = _not_permitted


def getlogin():
    return "user"


def getppid():
    return 1


def getpgrp():
    return _os.getpid()


def getpgid(pid):
    _own(pid)
    return _os.getpid()


getsid = getpgid

setpgid = setsid = _not_permitted


def umask(mask, /):
    global _mask
    before, _mask = _mask, mask & 0o777
    return before


def chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True):
    _os.stat(path)
    _only_user(uid, gid)


def lchown(path, uid, gid):
    _os.lstat(path)
    _only_user(uid, gid)


def fchown(fd, uid, gid):
    _os.fstat(fd)
    _only_user(uid, gid)


def lockf(fd, command, len, /):
    _os.fstat(fd)


def sync():
    pass


def getrandom(size, flags=0):
    return _os.urandom(size)


def register_at_fork(*, before=None, after_in_child=None, after_in_parent=None):
    pass


def sched_getaffinity(pid, /):
    _own(pid)
    return {0}


def sched_setaffinity(pid, mask, /):
    _own(pid)
    if 0 not in mask:
        raise OSError(_errno.EINVAL, "there is one processor in the sandbox")


def sched_getscheduler(pid, /):
    _own(pid)
    return 0


def sched_get_priority_max(policy):
    return 0


sched_get_priority_min = sched_get_priority_max


def nice(increment, /):
    return 0


def getpriority(which, who):
    return 0


def setpriority(which, who, priority):
    pass


def getloadavg():
    return (0.0, 0.0, 0.0)


def get_terminal_size(fd=1, /):
    return _os.terminal_size((80, 24))


def ctermid():
    return "/dev/tty"


def kill(pid, signal, /):
    _own(pid)
    if signal:
        import _signal

        _signal.raise_signal(signal)


killpg = kill

wait = wait3 = wait4 = waitpid = waitid = _no_child


def WCOREDUMP(status, /):
    return bool(status & 0x80)


def WIFEXITED(status):
    return not status & 0x7F


def WEXITSTATUS(status):
    return status >> 8 & 0xFF


def WIFSIGNALED(status):
    return 0 < status & 0x7F < 0x7F


def WTERMSIG(status):
    return status & 0x7F


def WIFSTOPPED(status):
    return status & 0xFF == 0x7F


WSTOPSIG = WEXITSTATUS


def WIFCONTINUED(status):
    return status == 0xFFFF


def waitstatus_to_exitcode(status):
    return -(status & 0x7F) if status & 0x7F else status >> 8 & 0xFF
