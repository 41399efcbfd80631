"""Modules of the standard library that are not here: why not, and what there is instead."""

import sys

HOSTCALL = "have the host do it, in a hostcall"
NO_TERMINAL = "there is no terminal"
NO_PROCESSES = "there are no processes; functions that wait can be coroutines, and the host can run several calls at once"
NO_USERS = "there are no users"
WINDOWS = "it is a part of Windows"
C_PART = "is built without it"

# By name: what is missing, and what to do.
REASONS = {
    "_multiprocessing": NO_PROCESSES,
    "_remote_debugging": NO_PROCESSES,
    "compression.bz2": f"CPython for WASI {C_PART}; compression.zlib and compression.gzip are there",
    "compression.lzma": f"CPython for WASI {C_PART}; compression.zlib and compression.gzip are there",
    "compression.zstd": f"CPython for WASI {C_PART}; compression.zlib and compression.gzip are there",
    "concurrent.interpreters": "there is one interpreter; the host can run several calls at once",
    "curses": NO_TERMINAL,
    "dbm.gnu": f"CPython for WASI {C_PART}; sqlite3 is there",
    "dbm.ndbm": f"CPython for WASI {C_PART}; sqlite3 is there",
    "encodings.mbcs": WINDOWS,
    "encodings.oem": WINDOWS,
    "ensurepip": "packages come with the program, or are part of the image",
    "fcntl": "there are no files",
    "grp": NO_USERS,
    "idlelib": NO_TERMINAL,
    "lzma": f"CPython for WASI {C_PART}; zlib and gzip are there",
    "mmap": "there are no files; bytearray and memoryview are there",
    "msvcrt": WINDOWS,
    "multiprocessing.popen_fork": NO_PROCESSES,
    "multiprocessing.popen_forkserver": NO_PROCESSES,
    "multiprocessing.popen_spawn_posix": NO_PROCESSES,
    "multiprocessing.popen_spawn_win32": NO_PROCESSES,
    "nt": WINDOWS,
    "pty": NO_TERMINAL,
    "pwd": NO_USERS,
    "pydoc_data": "it is the text of the interactive help",
    "readline": NO_TERMINAL,
    "resource": "limits are the host's",
    "ssl": f"there are no sockets: {HOSTCALL}",
    "syslog": "there is no system log: print and logging reach the host",
    "termios": NO_TERMINAL,
    "tkinter": "there is no screen",
    "tty": NO_TERMINAL,
    "turtle": "there is no screen",
    "turtledemo": "there is no screen",
    "venv": "packages come with the program, or are part of the image",
    "winreg": WINDOWS,
    "winsound": WINDOWS,
}  # fmt: skip


class Finder:
    """Says so where such a module is imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        reason = REASONS.get(name)
        # `importlib.util.find_spec` asks whether there is one: that is no import, and no error.
        if reason is not None and sys._getframe(2).f_code.co_name != "find_spec":
            # `from compression import zstd` passes over an error that has the name.
            known = {} if "." in name else {"name": name}
            raise ModuleNotFoundError(f"No module named {name!r} in the sandbox: {reason}", **known)
        return None


# What can be imported and not used: the error that it would be in any case, with a text that helps, and where.
UNUSABLE = {
    "socket": (
        OSError,
        f"there are no sockets in the sandbox: {HOSTCALL}",
        ["socket.__init__", "getaddrinfo", "gethostbyname"],
    ),
    "subprocess": (OSError, f"there are no processes in the sandbox: {HOSTCALL}", ["Popen.__init__"]),
    "threading": (
        RuntimeError,
        "can't start new thread: there are none in the sandbox; coroutines can wait side by side, "
        "and asyncio.to_thread calls at once",
        ["Thread.start"],
    ),
}


def amend(module):
    """Has what can't work here say why."""
    if module.__name__ == "tarfile":
        # It tries all ways to open a file, and takes an error for an answer of those that there are.
        del module.TarFile.OPEN_METH["bz2"]
    kind, text, places = UNUSABLE.get(module.__name__, (None, None, ()))
    for place in places:
        owner, _, name = place.rpartition(".")
        setattr(getattr(module, owner) if owner else module, name, _refuse(kind, text))


def _refuse(kind, text):
    def refuse(*args, **kwargs):
        raise kind(text)

    return refuse
