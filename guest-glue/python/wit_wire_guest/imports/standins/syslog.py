"""A stand-in for syslog: what is logged goes to the standard error."""

import sys as _sys

LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG = range(8)
(
    LOG_KERN, LOG_USER, LOG_MAIL, LOG_DAEMON, LOG_AUTH, LOG_SYSLOG, LOG_LPR, LOG_NEWS, LOG_UUCP, LOG_CRON,
    LOG_AUTHPRIV, LOG_FTP,
) = range(0, 96, 8)  # fmt: skip
LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7 = (
    range(128, 192, 8)
)
LOG_PID, LOG_CONS, LOG_ODELAY, LOG_NDELAY, LOG_NOWAIT, LOG_PERROR = 1, 2, 4, 8, 16, 32

_ident = ""
_mask = 0xFF


def LOG_MASK(pri, /):
    return 1 << pri


def LOG_UPTO(pri, /):
    return (1 << pri + 1) - 1


def openlog(ident="", logoption=0, facility=LOG_USER):
    global _ident
    _ident = ident


def closelog():
    openlog()


def setlogmask(maskpri, /):
    global _mask
    before = _mask
    _mask = maskpri or before
    return before


def syslog(*args):
    priority, message = args if len(args) == 2 else (LOG_INFO, *args)
    if LOG_MASK(priority & 7) & _mask:
        print(f"{_ident}: {message}" if _ident else message, file=_sys.stderr)
