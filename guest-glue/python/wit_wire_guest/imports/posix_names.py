"""Names of `os`, `errno`, `signal` and `time` that CPython for WASI is built without.

Each does what it would do for the one process and the one user that there are, or refuses with the
reason. Names that programs only probe for, to do without, stay missing.
"""

import errno
import os
import sys
import time

from . import os_functions
from .unsupported import PROCESSES, refuse

_PIPES = "there are no pipes in the sandbox: io.BytesIO and queue.SimpleQueue hold data"
_DEVICES = "there are no devices in the sandbox"

_REFUSED = {
    PROCESSES: [
        "execv", "execve", "fork", "forkpty", "posix_spawn", "posix_spawnp", "spawnl", "spawnle", "spawnlp",
        "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe", "system",
    ],
    _PIPES: ["dup2", "mkfifo", "pipe", "pipe2"],
    _DEVICES: ["mknod", "openpty", "tcgetpgrp", "tcsetpgrp", "ttyname"],
}  # fmt: skip

# Those that WASI has no number for get Linux's, beyond all that a system call may give.
_ERRNO_BEYOND = 1000
_ERRNO = {
    "ENOTBLK": 15, "ECHRNG": 44, "EL2NSYNC": 45, "EL3HLT": 46, "EL3RST": 47, "ELNRNG": 48, "EUNATCH": 49,
    "ENOCSI": 50, "EL2HLT": 51, "EBADE": 52, "EBADR": 53, "EXFULL": 54, "ENOANO": 55, "EBADRQC": 56, "EBADSLT": 57,
    "EBFONT": 59, "ENOSTR": 60, "ENODATA": 61, "ETIME": 62, "ENOSR": 63, "ENONET": 64, "ENOPKG": 65, "EREMOTE": 66,
    "EADV": 68, "ESRMNT": 69, "ECOMM": 70, "EDOTDOT": 73, "ENOTUNIQ": 76, "EBADFD": 77, "EREMCHG": 78,
    "ELIBACC": 79, "ELIBBAD": 80, "ELIBSCN": 81, "ELIBMAX": 82, "ELIBEXEC": 83, "ERESTART": 85, "ESTRPIPE": 86,
    "EUSERS": 87, "ESOCKTNOSUPPORT": 94, "EPFNOSUPPORT": 96, "ESHUTDOWN": 108, "ETOOMANYREFS": 109, "EHOSTDOWN": 112,
    "EUCLEAN": 117, "ENOTNAM": 118, "ENAVAIL": 119, "EISNAM": 120, "EREMOTEIO": 121, "ENOMEDIUM": 123,
    "EMEDIUMTYPE": 124, "ENOKEY": 126, "EKEYEXPIRED": 127, "EKEYREVOKED": 128, "EKEYREJECTED": 129, "ERFKILL": 132,
    "EHWPOISON": 133,
}  # fmt: skip

_OS_CONSTANTS = {
    "WNOHANG": 1, "WUNTRACED": 2, "WCONTINUED": 8, "WEXITED": 4, "WSTOPPED": 2, "WNOWAIT": 0x1000000,
    "P_NOWAIT": 1, "P_NOWAITO": 1, "P_WAIT": 0, "P_ALL": 0, "P_PID": 1, "P_PGID": 2,
    "GRND_NONBLOCK": 1, "GRND_RANDOM": 2, "O_NDELAY": os.O_NONBLOCK, "ST_RDONLY": 1, "ST_NOSUID": 2,
    "PRIO_PROCESS": 0, "PRIO_PGRP": 1, "PRIO_USER": 2, "SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_IDLE": 5,
}  # fmt: skip

_SIGNAL_CONSTANTS = {
    "SIGCLD": 17, "SIGRTMIN": 34, "SIGRTMAX": 64, "SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2,
    "ITIMER_REAL": 0, "ITIMER_VIRTUAL": 1, "ITIMER_PROF": 2,
}  # fmt: skip


def install():
    """Completes the modules that are there when the interpreter has begun."""
    _add(time, {"tzset": lambda: None, **_processor_time()}, replace=True)
    # Also ESHUTDOWN, which would be EPIPE.
    errno.errorcode[errno.EPIPE] = "EPIPE"
    _add(errno, {name: number + _ERRNO_BEYOND for name, number in _ERRNO.items()}, replace=True)
    for name in _ERRNO:
        errno.errorcode[getattr(errno, name)] = name
    for text, names in _REFUSED.items():
        _add(os, {name: refuse(OSError, text, f"os.{name}") for name in names})
    _add(os, _OS_CONSTANTS)
    _add(os, {name: made for name, made in vars(os_functions).items() if not name.startswith("_")})
    os.times = _times


def _add(module, names, replace=False):
    for name, value in names.items():
        if replace or not hasattr(module, name):
            setattr(module, name, value)
            if module is os:
                os.__all__.append(name)


def _processor_time():
    """Clocks of what the interpreter has used: all time counts.

    Those of libc count nanoseconds in 32 bits, and turn negative.
    """

    def seconds():
        return time.perf_counter()

    def nanoseconds():
        return time.perf_counter_ns()

    names = {"process_time": seconds, "thread_time": seconds}
    return names | {"process_time_ns": nanoseconds, "thread_time_ns": nanoseconds}


def _times():
    return os.times_result((time.process_time(), 0.0, 0.0, 0.0, time.monotonic()))


def patch_signal(signal):
    """Handlers can be registered, and only `raise_signal` calls them: nobody else sends a signal."""

    def alarm(seconds, /):
        return 0

    def setitimer(which, seconds, interval=0.0, /):
        return (0.0, 0.0)

    def getitimer(which, /):
        return (0.0, 0.0)

    def siginterrupt(signalnum, flag, /):
        pass

    def pthread_sigmask(how, mask, /):
        return set()

    def pthread_kill(thread_id, signalnum, /):
        signal.raise_signal(signalnum)

    def sigpending():
        return set()

    def valid_signals():
        return {*signal.Signals, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1)}

    nothing = "nothing sends a signal in the sandbox"
    waits = ["pause", "sigwait", "sigwaitinfo", "sigtimedwait"]
    _add(signal, {name: refuse(OSError, nothing, f"signal.{name}") for name in waits})
    _add(signal, {"ItimerError": OSError, **_SIGNAL_CONSTANTS})
    functions = (
        alarm, setitimer, getitimer, siginterrupt, pthread_sigmask, pthread_kill, sigpending, valid_signals
    )  # fmt: skip
    _add(signal, {function.__name__: function for function in functions})


# Those of which musl says that it has them have the names of months and numbers of no language.
_LOCALES = {"", "C", "POSIX", "C.UTF-8", "C.UTF8", "C.utf8"}


def patch_locale(locale):
    """`setlocale` refuses what it has not, and messages are what they were."""
    set_any = locale._setlocale

    def setlocale(category, name=None, /):
        parts = (name or "").split(";")
        if not {part.rpartition("=")[2] for part in parts} <= _LOCALES:
            raise locale.Error("unsupported locale setting")
        return set_any(category, name)

    def gettext(msg, /):
        return msg

    def dgettext(domain, msg, /):
        return msg

    def dcgettext(domain, msg, category, /):
        return msg

    def textdomain(domain, /):
        return domain or "messages"

    def bindtextdomain(domain, dir, /):
        return dir

    def bind_textdomain_codeset(domain, codeset, /):
        return codeset

    locale._setlocale = sys.modules["_locale"].setlocale = setlocale
    functions = (gettext, dgettext, dcgettext, textdomain, bindtextdomain, bind_textdomain_codeset)
    _add(locale, {function.__name__: function for function in functions})


def patch_random(random):
    """Ranges may be longer than what a pointer of 32 bits counts."""

    def length(population):
        try:
            return len(population)
        except OverflowError:
            if type(population) is not range:
                raise
            return (population[-1] - population[0]) // population.step + 1

    random.len = length
