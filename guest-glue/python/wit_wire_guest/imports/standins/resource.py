"""A stand-in for resource: what is used can be asked for, the limits are the host's."""

import time as _time
from collections import namedtuple as _namedtuple

error = OSError

RLIM_INFINITY = -1
(
    RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE,
    RLIMIT_MEMLOCK, RLIMIT_AS, _, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME,
) = range(16)  # fmt: skip
RLIMIT_OFILE = RLIMIT_NOFILE
RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD = 0, -1, 1

struct_rusage = _namedtuple(
    "struct_rusage",
    "ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock "
    "ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw",
    module="resource",
)


def _known(resource):
    if not 0 <= resource < 16:
        raise ValueError("invalid resource specified")


def getrlimit(resource, /):
    _known(resource)
    return (RLIM_INFINITY, RLIM_INFINITY)


def setrlimit(resource, limits, /):
    _known(resource)
    raise OSError("limits can't be set in the sandbox: the host sets them")


def prlimit(pid, resource, limits=None, /):
    if limits is None:
        return getrlimit(resource)
    return setrlimit(resource, limits)


def getrusage(who, /):
    used = _time.process_time() if who != RUSAGE_CHILDREN else 0.0
    return struct_rusage(used, 0.0, *[0] * 14)


def getpagesize():
    return 65536
